"""``efface info``: what a file is, from its headers."""

from pathlib import Path

import click

from efface.cli.output import command_errors, json_option, print_json, print_line, to_jsonable


@click.command(short_help="Say what a file is, from its headers.")
@click.argument("input_path", metavar="INPUT", type=click.Path(path_type=Path))
@json_option
@command_errors
def info(input_path: Path, as_json: bool) -> None:
    """Say what a video or picture is, from its headers, which may lie, and at most one frame."""
    from efface import facade
    from efface.domain.media import VideoInfo

    media = facade.probe(input_path)
    document = to_jsonable(media)
    if isinstance(media, VideoInfo):
        document["color"] = dict(media.color)
    if as_json:
        print_json(document)
        return
    for name, value in document.items():
        print_line(f"{name.replace('_', ' '):<22}{_in_words(value)}")


def _in_words(value: object) -> str:
    """A JSON-like value as a person reads it."""
    match value:
        case None | [] | "":
            return "-"
        case dict() if not value:
            return "-"
        case float():
            return f"{value:.3f}"
        case {"width": width, "height": height}:
            return f"{width}x{height}"
        case dict():
            return ", ".join(f"{key} {item}" for key, item in value.items() if item is not None)
        case list():
            return "; ".join(_in_words(item) for item in value)
        case _:
            return str(value)
