"""``efface info``: what a file is, from its headers."""

from pathlib import Path

import click

from efface.cli.output import command_errors, json_option, print_json, to_jsonable


@click.command(short_help="Say what a file is, from its headers.")
@click.argument("input_path", metavar="INPUT", type=click.Path(path_type=Path))
@json_option
@command_errors
def info(input_path: Path, as_json: bool) -> None:
    """Say what a video or picture is, from its headers, which may lie, and at most one frame."""
    from efface import facade

    media = facade.probe(input_path)
    if as_json:
        print_json(media)
        return
    for name, value in to_jsonable(media).items():
        click.echo(f"{name.replace('_', ' '):<22}{_one_line(value)}")


def _one_line(value: object) -> str:
    """A JSON-like value as a person reads it."""
    match value:
        case None | [] | "":
            return "-"
        case {"width": width, "height": height}:
            return f"{width}x{height}"
        case dict():
            return ", ".join(f"{key} {item}" for key, item in value.items() if item is not None)
        case list():
            return "; ".join(_one_line(item) for item in value)
        case _:
            return str(value)
