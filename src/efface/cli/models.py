"""``efface models``: the network weights that are used, and what they are allowed for."""

from pathlib import Path

import click

from efface.cli.output import command_errors, json_option, print_json, print_line


@click.command(short_help="List the network weights, their licences and digests.")
@click.argument("own_weights", metavar="[ONNX]...", nargs=-1, type=click.Path(path_type=Path))
@json_option
@command_errors
def models(own_weights: tuple[Path, ...], as_json: bool) -> None:
    """List the network weights that efface uses: name, licence, SHA-256, where they lie and who made them.

    The bytes are checked. ONNX files of your own that you name are listed with them.
    """
    from efface import facade

    listed = facade.list_weights(own_weights)
    if as_json:
        print_json({"weights": listed})
        return
    for weights in listed:
        print_line(f"{weights.name}: {weights.use}")
        for name in ("licence", "source", "sha256"):
            print_line(f"  {name:<9}{getattr(weights, name)}")
        print_line(f"  file     {weights.path}")
