"""``efface risks``: the moments of a video to look at before it is given away."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from efface.cli.output import command_errors, counted, json_option, print_json, print_line

if TYPE_CHECKING:
    from efface.domain.time import Timeline
    from efface.index.model import FaceIndex
    from efface.index.risk import Risk


@click.command(short_help="List the moments where a face is most likely bare.")
@click.argument("folder", metavar="INDEX_FOLDER", type=click.Path(path_type=Path))
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True,
    help="Moments to list; an index yields 200 at most.",
)  # fmt: skip
@json_option
@command_errors
def risks(folder: Path, limit: int, as_json: bool) -> None:
    """List the moments of a video where a face is most likely bare or badly covered, the worst first.

    Look at them in the redacted video, or at the frames given. They are told from the index alone: a face that no
    search has ever found is not among them. Times count from the first frame.
    """
    from efface import facade
    from efface.index.risk import find_risks

    index = facade.load_index(folder)
    found = find_risks(index)
    if as_json:
        listed = [_document(risk, index) for risk in found[:limit]]
        print_json({"index": folder, "num_risks": len(found), "risks": listed})
        return
    print_line(f"{folder}: {counted(len(found), 'moment')} to look at")
    for risk in found[:limit]:
        print_line(_line(risk, index))
    if len(found) > limit:
        print_line(f"  and {len(found) - limit} more: --limit {len(found)}")


def _document(risk: "Risk", index: "FaceIndex") -> dict[str, object]:
    return {
        "frame_index": risk.frame_index,
        "time_s": round(_seconds(index.timeline, risk.frame_index), 3),
        "first_frame": risk.first_frame,
        "end_frame": risk.end_frame,
        "score": round(risk.score, 3),
        "reasons": [{"reason": reason, "text": reason.value} for reason in risk.reasons],
        "track_id": risk.track_id,
        "face_id": risk.face_id,
        "name": None if risk.face_id is None else index.face(risk.face_id).name,
        "box": [round(edge, 1) for edge in risk.box],
    }


def _line(risk: "Risk", index: "FaceIndex") -> str:
    when = _clock(_seconds(index.timeline, risk.frame_index))
    reasons = "; ".join(reason.value for reason in risk.reasons)
    return f"  {when}  frame {risk.frame_index:<7} {risk.score:.2f}  {_who(risk, index)}: {reasons}"


def _who(risk: "Risk", index: "FaceIndex") -> str:
    if risk.face_id is None:
        return "everybody"
    name = index.face(risk.face_id).name
    return f"{risk.face_id} {name}" if name else str(risk.face_id)


def _seconds(timeline: "Timeline", frame_index: int) -> float:
    """Since the first frame: as players and faces.json count."""
    return float(timeline.start_of(frame_index) - timeline.start_of(0))


def _clock(seconds: float) -> str:
    """``1:02:03.456``"""
    whole, ms = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}.{ms:03d}"
