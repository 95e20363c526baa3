"""``efface sample``: a clip to try things on."""

from pathlib import Path

import click

from efface.cli.output import command_errors, json_option, overwrite_option, print_json, print_line


@click.command(short_help="Write a short sample clip to try efface on.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("sample.mp4"), show_default=True,
    help="Where to write it.",
)  # fmt: skip
@overwrite_option
@json_option
@command_errors
def sample(output: Path, overwrite: bool, as_json: bool) -> None:
    """Write a short sample clip: 4 s of a public-domain portrait, panned and zoomed, with a tone."""
    from efface import facade

    path = facade.write_sample(output, overwrite=overwrite)
    if as_json:
        print_json({"output": path})
    else:
        print_line(str(path))
