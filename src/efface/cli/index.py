"""``efface index``: find the faces and tell people apart, without making a new video."""

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from efface.cli.output import (
    backend_option,
    command_errors,
    counted,
    detector_option,
    json_option,
    note,
    overwrite_option,
    print_json,
    print_line,
    quiet_option,
)

if TYPE_CHECKING:
    from efface.pipeline import Analysis


class IndexOptions(TypedDict):
    """What click hands over; the help of each option says what it is."""

    input_path: Path
    folder: Path | None
    detector: Path | None
    backend: str
    overwrite: bool
    quiet: bool
    as_json: bool


@click.command(short_help="Find the faces and tell people apart.")
@click.argument("input_path", metavar="INPUT", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", "folder", type=click.Path(path_type=Path),
    help="Folder for the index.  [default: <name>.efface beside the input]",
)  # fmt: skip
@detector_option
@backend_option
@overwrite_option
@quiet_option
@json_option
@command_errors
def index(**options: Unpack[IndexOptions]) -> None:
    """Find every face in a video and tell people apart.

    Writes a folder with the face index, faces.json, thumbnails and a contact sheet. Look at the sheet, then
    hide some faces by number: efface redact INPUT --index FOLDER --include 1001,1003.
    """
    from efface import facade
    from efface.cli.progress import shown_progress, stop_signals

    input_path = options["input_path"]
    folder = options["folder"] or input_path.with_suffix(".efface")
    facade.check_index_folder(folder, overwrite=options["overwrite"])
    detector = facade.choose_detector(options["detector"], options["backend"])
    with stop_signals() as signals, shown_progress(signals, input_path.name, options["quiet"]) as progress:
        indexed = facade.index(input_path, detector=detector, progress=progress)
        where = facade.save_index(indexed, folder, overwrite=options["overwrite"])
    for notice in indexed.index.notices:
        note(f"{input_path}: {notice}")
    if options["as_json"]:
        print_json(_document(input_path, where, indexed))
    else:
        _print_people(where, indexed)


def _document(input_path: Path, folder: Path, indexed: "Analysis") -> dict[str, object]:
    found = indexed.index
    return {
        "input": input_path,
        "output": folder,
        "num_frames": found.timeline.num_frames,
        "num_shots": len(found.shots),
        "num_tracks": len(found.tracks),
        "faces": [
            {
                "face_id": face.face_id,
                "name": face.name,
                "num_tracks": len(face.track_ids),
                "seen_s": round(float(found.seen_duration(face.face_id)), 3),
                "appearances_s": [
                    [round(float(span.start), 3), round(float(span.end), 3)]
                    for span in found.appearances(face.face_id)
                ],
            }
            for face in found.faces
        ],
        "engine": found.engine,
        "notices": found.notices,
    }


def _print_people(folder: Path, indexed: "Analysis") -> None:
    found = indexed.index
    counts = [
        counted(len(found.faces), "face"),
        counted(found.timeline.num_frames, "frame"),
        counted(len(found.shots), "shot"),
    ]
    print_line(f"{folder}: {counts[0]} in {counts[1]}, {counts[2]}")
    for face in found.faces:
        spans = found.appearances(face.face_id)
        seen = float(found.seen_duration(face.face_id))
        first = float(spans[0].start)
        name = f"  {face.name}" if face.name else ""
        print_line(f"  {face.face_id}  seen for {seen:.1f} s, first at {first:.1f} s{name}")
