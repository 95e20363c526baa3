"""The text of an edits file, ``Edits`` as lines that a person can write. See docs/edits-format.md."""

import json
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from efface.domain.edits import (
    MAX_EDGE_PX,
    MAX_LABEL_CHARS,
    Box,
    DrawnBox,
    DrawnRegion,
    Edits,
    FollowedRegion,
    LossReason,
    LostRegion,
    MovedBox,
    ReviewedRisk,
    TrackSplit,
)
from efface.domain.errors import EditsFormatError, IndexFormatError, RequestError
from efface.domain.redaction import BlurringKind
from efface.domain.time import TimeRange
from efface.index.box_columns import BOX_KEYS, decode_boxes, encode_boxes
from efface.index.document import Fields, Limits, parse_json, read_json

FORMAT = "efface-edits"
VERSION = 1

LIMITS = Limits(max_bytes=64_000_000, max_values=1_000_000, max_containers=300_000)
"""The paths are columns, so even a day of corrections has few JSON values."""

_ABOUT = "Corrections by hand, laid over a face index by efface; docs/edits-format.md says how."
_MAX_ID = 2**31 - 1
_MAX_FRAME = 16_000_000
_MAX_PATH_BOXES = 8_000_000
"""Most boxes of paths that are read: about 0.13 GB of arrays."""
_MAX_TIME_S = 10**9
_TIME = re.compile(r"-?\d{1,18}(?:/\d{1,18}|\.\d{1,12})?", re.ASCII)
_TOP_KEYS = (
    *("format", "version", "about", "source_sha256", "index_digest"),
    *("merges", "splits", "removed_tracks", "moved_boxes", "regions", "mutes", "reviewed"),
)


def encode_edits(edits: Edits) -> Iterator[str]:
    """The text of an edits file, in pieces of one line each.

    Paths are kept in eighths of a pixel, rounded outwards; everything else comes back as it was.
    """
    yield "{\n"
    for key, value in (
        ("format", FORMAT),
        ("version", VERSION),
        ("about", _ABOUT),
        ("source_sha256", edits.source_sha256),
        ("index_digest", edits.index_digest),
        ("merges", edits.merges),
        ("removed_tracks", edits.removed_tracks),
        ("mutes", [[str(span.start), str(span.end)] for span in edits.mutes]),
    ):
        yield f"{json.dumps(key)}: {_json(value)},\n"
    yield from _list("splits", ({"track": each.track_id, "face": each.face_id} for each in edits.splits))
    yield ",\n"
    moves = (
        {"track": moved.track_id, "frame": moved.frame_index, "box": moved.box} for moved in edits.moved_boxes
    )
    yield from _list("moved_boxes", moves)
    yield ",\n"
    yield from _list("regions", map(_region_record, edits.regions))
    yield ",\n"
    reviews = ({"frame": each.frame_index, "track": each.track_id} for each in edits.reviewed)
    yield from _list("reviewed", reviews)
    yield "\n}\n"


def read_edits(path: Path) -> Edits:
    """Read an edits file, checking everything that it says.

    Raises:
        EditsFormatError: names the file and the field.
    """
    try:
        return _decode(read_json(path, LIMITS))
    except IndexFormatError as error:
        raise EditsFormatError(str(error)) from error


def decode_edits(raw: bytes, name: str = "edits") -> Edits:
    """Read the text of an edits file, checking everything that it says.

    Args:
        raw: the text.
        name: what messages call it.

    Raises:
        EditsFormatError: names the field.
    """
    if len(raw) > LIMITS.max_bytes:
        raise EditsFormatError(
            f"{name} is larger than {LIMITS.max_bytes // 1_000_000} MB, the most that is read"
        )
    try:
        return _decode(parse_json(raw, Path(name), LIMITS))
    except IndexFormatError as error:
        raise EditsFormatError(str(error)) from error


def parse_edits(document: Mapping[str, Any], name: str = "edits") -> Edits:
    """Edits out of a JSON object that was parsed already, as a request's body is.

    Args:
        document: the object; whoever parsed it has limited its size.
        name: what messages call it.

    Raises:
        EditsFormatError: names the field.
    """
    try:
        return _decode(Fields(Path(name), "", dict(document)))
    except IndexFormatError as error:
        raise EditsFormatError(str(error)) from error


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _list(key: str, records: Iterator[Mapping[str, object]]) -> Iterator[str]:
    """A list with one record a line."""
    yield f"{json.dumps(key)}: ["
    for i, record in enumerate(records):
        yield (",\n" if i else "\n") + _json(record)
    yield "]"


def _region_record(region: DrawnRegion) -> dict[str, object]:
    path = region.path
    return {
        "id": region.region_id,
        "label": region.label,
        "kind": None if region.kind is None else region.kind.wire_name,
        "first_frame": region.first_frame,
        "end_frame": region.end_frame,
        "is_followed": region.is_followed,
        "keyframes": [{"frame": drawn.frame_index, "box": drawn.box} for drawn in region.keyframes],
        "path": None if path is None else [_path_record(part) for part in path],
    }


def _path_record(part: FollowedRegion) -> dict[str, object]:
    return {
        "first_frame": part.first_frame,
        "num_frames": len(part.boxes),
        **encode_boxes(part.boxes),
        "lost": [{"frame": lost.frame_index, "reason": lost.reason.value} for lost in part.lost],
    }


def _decode(fields: Fields) -> Edits:
    if fields.values.get("format") != FORMAT:
        raise EditsFormatError(f'{fields.path} holds no edits: its "format" is not "{FORMAT}"')
    if fields.values.get("version") != VERSION:
        found = fields.values.get("version")
        raise EditsFormatError(
            f"{fields.path} has format version {found!r}, not {VERSION}: use the efface that wrote it"
        )
    fields.expect_only(*_TOP_KEYS)
    try:
        return Edits(
            source_sha256=fields.text("source_sha256", 64),
            index_digest=fields.text("index_digest", 64) if fields.has("index_digest") else None,
            merges=tuple(_read_merges(fields)),
            splits=tuple(_read_split(record) for record in _records(fields, "splits")),
            removed_tracks=fields.integers("removed_tracks", 1, _MAX_ID)
            if fields.has("removed_tracks")
            else (),
            moved_boxes=tuple(_read_moved(record) for record in _records(fields, "moved_boxes")),
            regions=tuple(_read_regions(fields)),
            mutes=tuple(_read_mutes(fields)),
            reviewed=tuple(_read_reviewed(record) for record in _records(fields, "reviewed")),
        )
    except ValueError as error:
        raise EditsFormatError(f"{fields.path}: {error}") from error


def _records(fields: Fields, key: str) -> Iterator[Fields]:
    """A list of objects; one that is missing is empty, because people write these files."""
    return fields.records(key) if fields.has(key) else iter(())


def _items(fields: Fields, key: str) -> Iterator[tuple[str, list[Any]]]:
    """A list of lists with the name of each."""
    for i, item in enumerate(fields.items(key) if fields.has(key) else []):
        name = f"{key}[{i}]"
        if not isinstance(item, list):
            fields.fail(name, "must be a list in brackets")
        yield name, item


def _read_merges(fields: Fields) -> Iterator[tuple[int, ...]]:
    for name, face_ids in _items(fields, "merges"):
        yield Fields(fields.path, "", {name: face_ids}).integers(name, 0, _MAX_ID)


def _read_mutes(fields: Fields) -> Iterator[TimeRange]:
    for name, pair in _items(fields, "mutes"):
        if len(pair) != 2:
            fields.fail(name, "must be a pair of times: from and to, in seconds")
        start, end = (_read_time(fields, name, value) for value in pair)
        if end <= start:
            fields.fail(name, f"must end after it starts, not {pair[0]} .. {pair[1]}")
        yield TimeRange(start, end)


def _read_time(fields: Fields, name: str, value: object) -> Fraction:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    text = str(value) if is_number or isinstance(value, str) else ""
    if not _TIME.fullmatch(text):
        fields.fail(name, 'must hold seconds such as 12.5 or "1001/30"')
    try:
        seconds = Fraction(text)
    except ZeroDivisionError:
        fields.fail(name, "holds a fraction over 0")
    if abs(seconds) > _MAX_TIME_S:
        fields.fail(name, f"must hold seconds within {_MAX_TIME_S}")
    return seconds


def _read_split(fields: Fields) -> TrackSplit:
    fields.expect_only("track", "face")
    return TrackSplit(fields.integer("track", 1, _MAX_ID), fields.integer("face", 0, _MAX_ID))


def _read_moved(fields: Fields) -> MovedBox:
    fields.expect_only("track", "frame", "box")
    track_id, frame = fields.integer("track", 1, _MAX_ID), fields.integer("frame", 0, _MAX_FRAME)
    return MovedBox(track_id, frame, _read_box(fields))


def _read_reviewed(fields: Fields) -> ReviewedRisk:
    fields.expect_only("frame", "track")
    track_id = fields.integer("track", 1, _MAX_ID) if fields.has("track") else None
    return ReviewedRisk(fields.integer("frame", 0, _MAX_FRAME), track_id)


def _read_box(fields: Fields) -> Box:
    edges = fields.items("box")
    if len(edges) != 4:
        fields.fail("box", "must be four numbers: left, top, right, bottom")
    row = Fields(fields.path, fields.place, {f"box[{i}]": edge for i, edge in enumerate(edges)})
    x1, y1, x2, y2 = (row.number(key, -MAX_EDGE_PX, MAX_EDGE_PX) for key in row.values)
    if x2 <= x1 or y2 <= y1:
        fields.fail("box", "has no area, so it would cover nothing")
    return x1, y1, x2, y2


def _read_regions(fields: Fields) -> Iterator[DrawnRegion]:
    boxes_left = _MAX_PATH_BOXES
    for record in _records(fields, "regions"):
        region = _read_region(record, boxes_left)
        boxes_left -= sum(len(part.boxes) for part in region.path or ())
        yield region


def _read_region(fields: Fields, boxes_left: int) -> DrawnRegion:
    fields.expect_only(
        *("id", "label", "kind", "first_frame", "end_frame", "is_followed", "keyframes", "path")
    )
    if not isinstance(fields.values.get("is_followed"), bool):
        fields.fail("is_followed", "must be true or false")
    first_frame = fields.integer("first_frame", 0, _MAX_FRAME)
    end_frame = fields.integer("end_frame", first_frame + 1, _MAX_FRAME)
    values: dict[str, Any] = {
        "region_id": fields.integer("id", 1, _MAX_ID),
        "label": fields.text("label", MAX_LABEL_CHARS) if fields.has("label") else "",
        "kind": _read_kind(fields) if fields.has("kind") else None,
        "keyframes": tuple(_read_drawn(record) for record in fields.records("keyframes")),
        "path": tuple(_read_path(fields, end_frame, boxes_left)) if fields.has("path") else None,
    }
    try:
        return DrawnRegion(
            first_frame=first_frame,
            end_frame=end_frame,
            is_followed=fields.values["is_followed"],
            **values,
        )
    except ValueError as error:
        fields.fail("", f"does not fit together: {error}")


def _read_kind(fields: Fields) -> BlurringKind:
    value = fields.values["kind"]
    if not isinstance(value, str | int) or isinstance(value, bool):
        fields.fail("kind", "must be a blurring kind by name or number, or null")
    try:
        return BlurringKind.parse(value)
    except RequestError as error:
        fields.fail("kind", f"cannot be used: {error}")


def _read_drawn(fields: Fields) -> DrawnBox:
    fields.expect_only("frame", "box")
    return DrawnBox(fields.integer("frame", 0, _MAX_FRAME), _read_box(fields))


def _read_path(fields: Fields, end_frame: int, boxes_left: int) -> Iterator[FollowedRegion]:
    for part in fields.records("path"):
        part.expect_only("first_frame", "num_frames", *BOX_KEYS, "lost")
        first_frame = part.integer("first_frame", 0, end_frame - 1)
        num_frames = part.integer("num_frames", 1, end_frame - first_frame)
        boxes_left -= num_frames
        if boxes_left < 0:
            part.fail("num_frames", f"passes the {_MAX_PATH_BOXES} boxes that are read of one file")
        lost = tuple(_read_lost(record) for record in _records(part, "lost"))
        yield FollowedRegion(first_frame, decode_boxes(part, num_frames), lost)


def _read_lost(fields: Fields) -> LostRegion:
    fields.expect_only("frame", "reason")
    reasons = {reason.value: reason for reason in LossReason}
    reason = fields.text("reason", 20)
    if reason not in reasons:
        fields.fail("reason", f"must be one of {', '.join(reasons)}")
    # Followed backwards, a region may be lost at the frame before the first.
    return LostRegion(fields.integer("frame", 0, _MAX_FRAME), reasons[reason])
