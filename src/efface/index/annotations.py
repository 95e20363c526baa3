"""The old Azure Media Redactor's files: ``clip_annotations.json`` and ``clip_IDList.txt``, read and written.

The layout, from Microsoft's samples: ``timescale`` ticks to the second; ``fragments`` with ``start``,
``duration`` and, unless nothing was found, ``interval`` and ``events``, one list of faces per interval; a
face has ``id``, ``x``, ``y``, ``width`` and ``height`` as fractions of the frame, which may lie outside it.
People edited these files by hand, so whatever can be understood is. Media Redactor measured in the frame as
coded, not as turned for display.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from efface.domain.errors import RequestError
from efface.index.document import Fields, Limits, read_json, read_text
from efface.index.faces_json import Event, iter_fragments, relative_box
from efface.index.model import FaceIndex, VisibleFace

LIMITS = Limits(max_bytes=512_000_000, max_values=24_000_000, max_containers=4_000_000)
"""Room for three hours with five faces in view."""

_MAX_TICKS = 2**53
_MAX_ID = 2**31 - 1
_MAX_SHARE = 4.0
"""No face lies, or reaches, several frames away: larger numbers are pixels taken for fractions."""
_MAX_ID_LIST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedRun:
    """One face over entries that follow each other without a gap."""

    face_id: int
    starts_s: NDArray[np.float64]
    """(n,) seconds from the first frame at which each entry begins, ascending."""
    end_s: float
    """Where the last entry ends."""
    boxes_rel: NDArray[np.float64]
    """(n, 4) x1, y1, x2, y2 as fractions of the frame."""


@dataclass(frozen=True, slots=True)
class Annotations:
    """What an annotations file says, before it is fitted to a video."""

    path: Path
    width: int
    """Of the frame the fractions refer to, in pixels; its shape tells whether it was turned."""
    height: int
    is_upright: bool
    """True if the file says that it refers to the upright frame, as those that efface writes do."""
    runs: tuple[AnnotatedRun, ...]
    end_s: float
    """Where the last fragment ends, in seconds from the first frame."""
    num_empty: int
    """Faces without width or height, which were left out."""


def load_annotations(path: Path) -> Annotations:
    """Read an annotations file; a ``faces.json`` is of the same layout and read as well.

    Raises:
        IndexFormatError: missing, or not such a file; names file and field.
    """
    fields = read_json(path, LIMITS)
    timescale = fields.number("timescale", 1e-3, 1e12)
    width, height = (fields.integer(key, 1, 65_535) for key in ("width", "height"))
    fragments = sorted(fields.records("fragments"), key=lambda f: f.number("start", -_MAX_TICKS, _MAX_TICKS))
    collector = _Collector()
    end = 0.0
    for fragment in fragments:
        end = max(end, _collect(fragment, collector, _ticks_per_frame(fields, timescale)))
    return Annotations(
        path=path,
        width=width,
        height=height,
        is_upright=fields.values.get("orientation") == "upright",
        runs=tuple(run.finish(timescale) for run in collector.runs),
        end_s=end / timescale,
        num_empty=collector.num_empty,
    )


def load_id_list(path: Path) -> frozenset[int]:
    """Read an ID list: one face id per line, the faces to redact. Empty means everybody.

    Raises:
        IndexFormatError: missing, too large or not text.
        RequestError: a line that is no face id.
    """
    ids: set[int] = set()
    for number, line in enumerate(read_text(path, _MAX_ID_LIST_BYTES).splitlines(), start=1):
        word = line.strip()
        if not word:
            continue
        if not (word.isascii() and word.isdigit() and len(word) <= 10):
            raise RequestError(f"{path} line {number} is no face id: write one whole number per line")
        ids.add(int(word))
    return frozenset(ids)


def iter_annotations_json(index: FaceIndex) -> Iterator[str]:
    """An index as the text of an annotations file, in pieces; it refers to the upright frame and says so."""
    yield from iter_fragments(index, _annotation_event, {"orientation": "upright"})
    yield "]\n}\n"


def format_id_list(face_ids: Iterable[int]) -> str:
    """The text of an ID list."""
    return "".join(f"{face_id}\n" for face_id in sorted(set(face_ids)))


def _annotation_event(index: FaceIndex, frame_index: int, face: VisibleFace) -> Event:
    return {"index": frame_index, "id": face.face_id, **relative_box(index, face)}


@dataclass(slots=True)
class _Run:
    """A run that is being collected; times in ticks."""

    face_id: int
    starts: list[float]
    boxes: list[tuple[float, float, float, float]]
    end: float

    def finish(self, timescale: float) -> AnnotatedRun:
        starts = np.array(self.starts, np.float64) / timescale
        return AnnotatedRun(self.face_id, starts, self.end / timescale, np.array(self.boxes, np.float64))


@dataclass(slots=True)
class _Collector:
    """Joins the faces of entry after entry to runs."""

    runs: list[_Run] = field(default_factory=list)
    num_empty: int = 0
    _latest: dict[tuple[int, int], _Run] = field(default_factory=dict)

    def add(self, start: float, interval: float, faces: Iterable[Fields]) -> None:
        """Take the faces of one entry; entries come in order of time."""
        count: Counter[int] = Counter()
        for face in faces:
            face_id, box = _read_face(face)
            if box is None:
                self.num_empty += 1
                continue
            # A second box of the same id in one entry, which a hand may add, runs on its own.
            key = (face_id, count[face_id])
            count[face_id] += 1
            run = self._latest.get(key)
            if run is None or abs(run.end - start) > interval / 2 or start <= run.starts[-1]:
                run = self._latest[key] = _Run(face_id, [], [], start)
                self.runs.append(run)
            run.starts.append(start)
            run.boxes.append(box)
            run.end = start + interval


def _collect(fragment: Fields, collector: _Collector, ticks_per_frame: float | None) -> float:
    """Hand a fragment's entries on; gives the tick at which it ends."""
    start = fragment.number("start", -_MAX_TICKS, _MAX_TICKS)
    duration = fragment.number("duration", 0, _MAX_TICKS) if fragment.has("duration") else 0.0
    if not fragment.has("events") or not fragment.items("events"):
        return start + duration
    entries = fragment.items("events")
    interval = _interval(fragment, duration, len(entries), ticks_per_frame)
    for i, faces in enumerate(entries):
        name = f"events[{i}]"
        entry = Fields(fragment.path, fragment.place, {name: faces})
        collector.add(start + i * interval, interval, entry.records(name))
    return max(start + duration, start + len(entries) * interval)


def _interval(fragment: Fields, duration: float, num_entries: int, ticks_per_frame: float | None) -> float:
    """Ticks per entry; where a file lacks it, the fragment is shared out evenly, else an entry is a frame."""
    if fragment.has("interval"):
        interval = fragment.number("interval", 0, _MAX_TICKS)
        if interval > 0:
            return interval
    if duration > 0:
        return duration / num_entries
    if ticks_per_frame is None:
        fragment.fail(
            "interval", "is missing, and so are duration and framerate, which could stand in for it"
        )
    return ticks_per_frame


def _ticks_per_frame(fields: Fields, timescale: float) -> float | None:
    return timescale / fields.number("framerate", 1e-3, 1e6) if fields.has("framerate") else None


def _read_face(fields: Fields) -> tuple[int, tuple[float, float, float, float] | None]:
    """Id and box of one face; None for a box without width or height."""
    face_id = fields.integer("id", 0, _MAX_ID)
    x, y = (fields.number(key, -_MAX_SHARE, _MAX_SHARE) for key in ("x", "y"))
    width, height = (fields.number(key, 0, _MAX_SHARE) for key in ("width", "height"))
    return face_id, (x, y, x + width, y + height) if width > 0 and height > 0 else None
