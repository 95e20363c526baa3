"""The text of ``index.json``, a ``FaceIndex`` as lines that a person can edit. See docs/index-format.md."""

import json
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np

from efface.domain.errors import IndexFormatError
from efface.domain.geometry import Size
from efface.domain.text import printable
from efface.domain.time import Timeline
from efface.domain.track import FaceGroup, FaceTrack, Shot
from efface.index.box_columns import BOX_KEYS, decode_boxes, encode_boxes, fail_with
from efface.index.columns import decode_column, decode_delta_column, encode_column, encode_delta_column
from efface.index.document import Fields, Limits, read_json
from efface.index.model import FaceIndex, SourceFile, best_frame

FORMAT = "efface-index"
VERSION = 1

MAX_FRAMES = 16_000_000
"""Longest timeline that is read: 74 hours at 60 frames per second."""
MAX_BOXES = 32_000_000
"""Most boxes that are read: about 0.65 GB of arrays."""
LIMITS = Limits(max_bytes=512_000_000, max_values=4_000_000, max_containers=2_000_000)
"""The columns are strings, so a true index has few JSON values however long the video is."""

_ABOUT = "Faces found by efface. You may edit faces and delete tracks; docs/index-format.md says how."
_MAX_ID = 2**31 - 1
_MAX_TEXT = 1000
_TOP_KEYS = (
    *("format", "version", "about", "engine", "source", "size", "frame_rate", "timeline"),
    *("notices", "shots", "faces", "tracks"),
)


def encode_index(index: FaceIndex) -> Iterator[str]:
    """The text of ``index.json``, in pieces of one line each."""
    timeline = index.timeline
    yield "{\n"
    yield from _entry("format", FORMAT)
    yield from _entry("version", VERSION)
    yield from _entry("about", _ABOUT)
    yield from _entry("engine", printable(index.engine, "?")[:_MAX_TEXT])
    source = index.source
    name = printable(source.name, "?")[:_MAX_TEXT]
    yield from _entry("source", {"name": name, "size_bytes": source.size_bytes, "sha256": source.sha256})
    yield from _entry("size", {"width": index.size.width, "height": index.size.height})
    yield from _entry("frame_rate", None if index.frame_rate is None else _ratio(index.frame_rate))
    yield from _entry(
        "timeline",
        {
            "time_base": _ratio(timeline.time_base),
            "num_frames": timeline.num_frames,
            "end_pts": timeline.end_pts,
            "pts": encode_delta_column(timeline.pts),
        },
    )
    yield from _entry("notices", [printable(notice, "?")[:_MAX_TEXT] for notice in index.notices])
    yield from _entry("shots", [[shot.first_frame, shot.end_frame] for shot in index.shots])
    yield '"faces": [\n'
    yield from _lines(_face_record(face) for face in index.faces)
    yield '],\n"tracks": [\n'
    best = index.thumbnail_frames
    yield from _lines(_track_record(track, best.get(track.track_id)) for track in index.tracks)
    yield "]\n}\n"


def decode_index(path: Path) -> FaceIndex:
    """Read ``index.json``, checking everything that it says.

    Raises:
        IndexFormatError: names the file and the field.
    """
    fields = read_json(path, LIMITS)
    if fields.values.get("format") != FORMAT:
        raise IndexFormatError(f'{path} is not a face index: its "format" is not "{FORMAT}"')
    if fields.values.get("version") != VERSION:
        found = fields.values.get("version")
        raise IndexFormatError(f"{path} has format version {found!r}, not {VERSION}: index the video again")
    fields.expect_only(*_TOP_KEYS)
    timeline = _read_timeline(fields.record("timeline"))
    tracks, thumbnail_frames = _read_tracks(fields, timeline.num_frames)
    notices = Fields(path, "", {f"notices[{i}]": text for i, text in enumerate(fields.items("notices"))})
    try:
        return FaceIndex(
            source=_read_source(fields.record("source")),
            size=_read_size(fields.record("size")),
            timeline=timeline,
            frame_rate=fields.ratio("frame_rate") if fields.has("frame_rate") else None,
            shots=tuple(_read_shots(fields)),
            tracks=tuple(tracks.values()),
            faces=tuple(_read_face(face, tracks) for face in fields.records("faces")),
            engine=fields.text("engine", _MAX_TEXT),
            notices=tuple(notices.text(key, _MAX_TEXT) for key in notices.values),
            thumbnail_frames=thumbnail_frames,
        )
    except ValueError as error:
        raise IndexFormatError(f"{path}: {error}") from error


def _entry(key: str, value: object) -> Iterator[str]:
    yield f"{json.dumps(key)}: {_json(value)},\n"


def _lines(records: Iterator[Mapping[str, object]]) -> Iterator[str]:
    """One record a line; a comma comes before each but the first, so that no record is held back."""
    for i, record in enumerate(records):
        yield (",\n" if i else "") + _json(record)
    yield "\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _ratio(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def _face_record(face: FaceGroup) -> dict[str, object]:
    return {
        "id": face.face_id,
        "name": None if face.name is None else printable(face.name, "?")[:_MAX_TEXT],
        "thumbnail": [face.thumbnail_track, face.thumbnail_frame],
        "tracks": list(face.track_ids),
    }


def _track_record(track: FaceTrack, thumbnail_frame: int | None) -> dict[str, object]:
    # A detected box must not become a carried one, so its score stays at 1 % at least.
    percent = np.where(track.scores > 0, np.maximum(1, np.rint(track.scores * 100)), 0).astype(np.int64)
    return {
        "id": track.track_id,
        "first_frame": track.first_frame,
        "num_frames": track.num_frames,
        "thumbnail_frame": thumbnail_frame,
        **encode_boxes(track.boxes),
        "score": encode_column(percent),
    }


def _read_source(fields: Fields) -> SourceFile:
    fields.expect_only("name", "size_bytes", "sha256")
    name, sha256 = fields.text("name", _MAX_TEXT), fields.text("sha256", 64)
    return SourceFile(name, fields.integer("size_bytes", 0, 2**62), sha256)


def _read_size(fields: Fields) -> Size:
    fields.expect_only("width", "height")
    return Size(fields.integer("width", 1, 65_535), fields.integer("height", 1, 65_535))


def _read_timeline(fields: Fields) -> Timeline:
    fields.expect_only("time_base", "num_frames", "end_pts", "pts")
    num_frames = fields.integer("num_frames", 1, MAX_FRAMES)
    try:
        pts = decode_delta_column(fields.column("pts"), num_frames)
    except ValueError as error:
        fail_with(fields, "pts", error)
    time_base = fields.ratio("time_base")
    end_pts = fields.integer("end_pts", -(2**62), 2**62)
    try:
        return Timeline(time_base, pts, end_pts)
    except ValueError as error:
        fail_with(fields, "", error)


def _read_shots(fields: Fields) -> Iterator[Shot]:
    for i, pair in enumerate(fields.items("shots")):
        name = f"shots[{i}]"
        if not isinstance(pair, list) or len(pair) != 2:
            fields.fail(name, "must be a pair of frame numbers")
        first, end = Fields(fields.path, "", {name: pair}).integers(name, 0, MAX_FRAMES)
        if end <= first:
            fields.fail(name, f"must hold a frame, not {first} .. {end}")
        yield Shot(first, end)


def _read_tracks(fields: Fields, num_frames: int) -> tuple[dict[int, FaceTrack], dict[int, int]]:
    tracks: dict[int, FaceTrack] = {}
    thumbnail_frames: dict[int, int] = {}
    num_boxes = 0
    for record in fields.records("tracks"):
        track = _read_track(record, num_frames, MAX_BOXES - num_boxes)
        num_boxes += track.num_frames
        if track.track_id in tracks:
            record.fail("id", f"{track.track_id} is the id of an earlier track: give each its own")
        tracks[track.track_id] = track
        if record.has("thumbnail_frame"):
            last = track.end_frame - 1
            thumbnail_frames[track.track_id] = record.integer("thumbnail_frame", track.first_frame, last)
    return tracks, thumbnail_frames


def _read_track(fields: Fields, timeline_frames: int, boxes_left: int) -> FaceTrack:
    fields.expect_only("id", "first_frame", "num_frames", "thumbnail_frame", *BOX_KEYS, "score")
    track_id = fields.integer("id", 1, _MAX_ID)
    first_frame = fields.integer("first_frame", 0, timeline_frames - 1)
    num_frames = fields.integer("num_frames", 1, timeline_frames - first_frame)
    if num_frames > boxes_left:
        fields.fail("num_frames", f"passes the {MAX_BOXES} boxes that are read of one index")
    boxes = decode_boxes(fields, num_frames)
    try:
        percent = decode_column(fields.column("score"), num_frames)
    except ValueError as error:
        fail_with(fields, "score", error)
    if int(percent.min()) < 0 or int(percent.max()) > 100:
        fields.fail("score", "holds a number outside 0 .. 100")
    return FaceTrack(track_id, first_frame, boxes, (percent / 100).astype(np.float32))


def _read_face(fields: Fields, tracks: Mapping[int, FaceTrack]) -> FaceGroup:
    fields.expect_only("id", "name", "thumbnail", "tracks")
    face_id = fields.integer("id", 0, _MAX_ID)
    name = (fields.text("name", _MAX_TEXT).strip() or None) if fields.has("name") else None
    track_ids = fields.integers("tracks", 1, _MAX_ID)
    if not track_ids:
        fields.fail("tracks", "is empty: delete the face too when its last track is gone")
    for track_id in track_ids:
        if track_id not in tracks:
            fields.fail("tracks", f"names track {track_id}, which is not in the file: take it out here too")
    ordered = sorted(track_ids, key=lambda i: (tracks[i].first_frame, i))
    track_id, frame_index = _read_thumbnail(fields, ordered, tracks)
    return FaceGroup(face_id, tuple(ordered), frame_index, track_id, name)


def _read_thumbnail(fields: Fields, track_ids: list[int], tracks: Mapping[int, FaceTrack]) -> tuple[int, int]:
    """Track and frame of the best view; chosen anew where a hand has moved that track to another face."""
    if fields.has("thumbnail"):
        pair = fields.integers("thumbnail", 0, _MAX_ID)
        if len(pair) != 2:
            fields.fail("thumbnail", "must be a pair: track id and frame number")
        if pair[0] in track_ids and tracks[pair[0]].box_at(pair[1]) is not None:
            return pair[0], pair[1]
    best = max(track_ids, key=lambda i: (float(tracks[i].scores.max()), tracks[i].num_frames, -i))
    return best, best_frame(tracks[best])
