"""A segment's analysis as a file, for another process to join: a ZIP of plain numbers, JPEGs and a JSON table.

Nothing in it is executed, and no size in it is believed before it is checked, because a shared store may be written
by others.
"""

import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from efface.domain.errors import IndexFormatError
from efface.domain.media import Damage
from efface.identify.crops import MAX_CROP_SIDE, FaceCrop
from efface.index.model import MAX_COORDINATE_PX
from efface.media.files import atomic_output
from efface.media.image.structure import BrokenStructureError, ImageFormat, take_apart
from efface.pipeline import key_frames
from efface.pipeline.analysis import AnalysedShot
from efface.pipeline.segment_analysis import SegmentAnalysis
from efface.track.tracklet import FinishedTracklet

_VERSION = 1
_TABLE, _PTS, _BOXES, _SCORES, _PICTURES = (
    "table.json",
    "pts.i64",
    "boxes.f32",
    "scores.f32",
    "pictures.jpegs",
)
_MAX_BYTES = {_TABLE: 256 << 20, _PTS: 256 << 20, _BOXES: 2 << 30, _SCORES: 512 << 20, _PICTURES: 4 << 30}
"""Far more than an hour of a crowd needs; a bomb stops here."""
_MAX_RATIO, _SMALL_BYTES = 100, 1 << 16
"""Numbers of a real analysis shrink to a tenth at best; a bomb stops here, too."""
_NO_PTS = -(2**63)
"""Stands for a frame without a time stamp."""
T = TypeVar("T")


def write_segment_analysis(part: SegmentAnalysis, path: Path) -> None:
    """Write an analysis; the file appears whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    writer = _Writer()
    table = {
        "version": _VERSION,
        "index": part.index,
        "first_frame": part.first_frame,
        "frame_s": part.frame_s,
        "detector": part.detector,
        "damage": [part.damage.bad_packets, list(part.damage.messages)],
        "is_as_promised": part.is_as_promised,
        "shots": [writer.shot(shot) for shot in part.shots],
    }
    pts = np.array([_NO_PTS if value is None else value for value in part.raw_pts], "<i8")
    with atomic_output(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, data in (
            (_TABLE, json.dumps(table, allow_nan=False).encode()),
            (_PTS, pts.tobytes()),
            (_BOXES, b"".join(writer.boxes)),
            (_SCORES, b"".join(writer.scores)),
        ):
            archive.writestr(_entry(name), data, zipfile.ZIP_DEFLATED, 1)
        with archive.open(_entry(_PICTURES), "w", force_zip64=True) as pictures:
            for jpeg in writer.pictures:
                pictures.write(jpeg)


def read_segment_analysis(path: Path) -> SegmentAnalysis:
    """Read what ``write_segment_analysis`` wrote.

    Raises:
        IndexFormatError: no such file, or not one that this efface can read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name: _member(archive, name) for name in _MAX_BYTES}
        return _Reader(members).part()
    except OSError as error:
        raise IndexFormatError(f"{path} cannot be read ({error.strerror}): index the video again") from error
    except (
        # What zipfile and json raise for broken files, and numbers that do not fit together for the records.
        zipfile.BadZipFile,
        BrokenStructureError,
        EOFError,
        KeyError,
        NotImplementedError,
        OverflowError,
        RecursionError,
        RuntimeError,
        TypeError,
        ValueError,
        zlib.error,
    ) as error:
        raise IndexFormatError(
            f"{path} is not the analysis of a segment that this efface can read ({error}): index the video again"
        ) from error


def _entry(name: str) -> zipfile.ZipInfo:
    # Without the time of writing, the same analysis gives the same bytes.
    return zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    info = archive.getinfo(name)
    if info.file_size > min(_MAX_BYTES[name], _SMALL_BYTES + _MAX_RATIO * info.compress_size):
        raise ValueError(f"{name} claims {info.file_size} bytes")
    with archive.open(info) as member:
        data = member.read(info.file_size + 1)
    if len(data) != info.file_size:
        raise ValueError(f"{name} is cut off")
    return data


class _Writer:
    """Gathers numbers and pictures, and gives the table that says whose they are."""

    def __init__(self) -> None:
        self.boxes: list[bytes] = []
        self.scores: list[bytes] = []
        self.pictures: list[bytes] = []

    def shot(self, shot: AnalysedShot) -> dict[str, object]:
        return {
            "frames": [shot.first_frame, shot.end_frame],
            "open": [shot.begins_open, shot.ends_open],
            "tracklets": [self._tracklet(one) for one in shot.tracklets],
            "crops": [[key, [self._crop(crop) for crop in crops]] for key, crops in shot.crops.items()],
            "key_frames": [[frame, self._picture(jpeg)] for frame, jpeg in shot.key_frames],
        }

    def _tracklet(self, one: FinishedTracklet) -> list[int]:
        self.boxes.append(one.boxes.astype("<f4").tobytes())
        self.scores.append(one.scores.astype("<f4").tobytes())
        return [one.key, one.first_frame, len(one.scores), one.chances]

    def _crop(self, crop: FaceCrop) -> dict[str, object]:
        landmarks = [None if math.isnan(value) else value for value in crop.landmarks.ravel().tolist()]
        return {
            "frame": crop.frame_index,
            "box": crop.box.tolist(),
            "score": crop.score,
            "landmarks": landmarks,
            "origin": list(crop.origin),
            "scale": crop.scale,
            "quality": crop.quality,
            "bytes": self._picture(crop.jpeg),
        }

    def _picture(self, jpeg: bytes) -> int:
        self.pictures.append(jpeg)
        return len(jpeg)


class _Reader:
    """Takes the table apart, and the numbers and pictures in the order in which it names them."""

    def __init__(self, members: Mapping[str, bytes]) -> None:
        table = json.loads(members[_TABLE], parse_constant=_refuse_constant)
        self._table: dict[str, Any] = _as(dict, table)
        self._pts = np.frombuffer(members[_PTS], "<i8")
        self._boxes = np.frombuffer(members[_BOXES], "<f4").astype(np.float32).reshape(-1, 4)
        self._scores = np.frombuffer(members[_SCORES], "<f4").astype(np.float32)
        self._pictures = members[_PICTURES]
        self._row = self._byte = 0

    def part(self) -> SegmentAnalysis:
        table = self._table
        if table.get("version") != _VERSION:
            raise ValueError(f"it is of version {table.get('version')}, not {_VERSION}")
        self._check_numbers()
        bad_packets, messages = _as(list, table["damage"])
        shots = tuple(self._shot(_as(dict, shot)) for shot in _as(list, table["shots"]))
        if self._row != len(self._scores) or self._byte != len(self._pictures):
            raise ValueError("it holds more than its table names")
        frame_s = _number(table["frame_s"])
        if frame_s <= 0:
            raise ValueError("frame_s must be positive")
        return SegmentAnalysis(
            _count(table["index"]),
            _count(table["first_frame"]),
            tuple(None if value == _NO_PTS else value for value in self._pts.tolist()),
            frame_s,
            shots,
            _as(str, table["detector"]),
            Damage(_count(bad_packets), tuple(_as(str, text) for text in _as(list, messages))),
            _as(bool, table["is_as_promised"]),
        )

    def _check_numbers(self) -> None:
        if len(self._boxes) != len(self._scores):
            raise ValueError("boxes and scores differ in number")
        if not bool(np.all(np.abs(self._boxes) <= MAX_COORDINATE_PX)):  # also false for NaN
            raise ValueError("a box has an edge that is no number or out of reach")
        if not bool(np.all((self._scores >= 0) & (self._scores <= 1))):
            raise ValueError("a score is not within 0 .. 1")

    def _shot(self, table: dict[str, Any]) -> AnalysedShot:
        first_frame, end_frame = (_count(value) for value in _as(list, table["frames"]))
        begins_open, ends_open = (_as(bool, value) for value in _as(list, table["open"]))
        tracklets = tuple(self._tracklet(_as(list, row)) for row in _as(list, table["tracklets"]))
        crops = {
            _count(key): tuple(self._crop(_as(dict, crop)) for crop in _as(list, crops))
            for key, crops in _as(list, table["crops"])
        }
        pictures = tuple(
            (_count(frame), self._picture(size, key_frames.MAX_SIDE_PX))
            for frame, size in _as(list, table["key_frames"])
        )
        frames = [frame for frame, _ in pictures]
        frames += [crop.frame_index for views in crops.values() for crop in views]
        if any(not first_frame <= frame < end_frame for frame in frames):
            raise ValueError("a picture lies outside of its shot")
        return AnalysedShot(first_frame, end_frame, tracklets, crops, pictures, begins_open, ends_open)

    def _tracklet(self, row: list[Any]) -> FinishedTracklet:
        key, first_frame, length, chances = (_count(value) for value in row)
        rows = slice(self._row, self._row + length)
        self._row += length
        if self._row > len(self._scores):
            raise ValueError("a tracklet has more rows than the file")
        return FinishedTracklet(key, first_frame, self._boxes[rows], self._scores[rows], chances)

    def _crop(self, table: dict[str, Any]) -> FaceCrop:
        landmarks = [math.nan if value is None else _number(value) for value in _as(list, table["landmarks"])]
        origin_x, origin_y = (_number(value) for value in _as(list, table["origin"]))
        return FaceCrop(
            frame_index=_count(table["frame"]),
            box=_floats(table["box"]).reshape(4),
            score=_number(table["score"]),
            landmarks=np.array(landmarks, np.float32).reshape(5, 2),
            origin=(origin_x, origin_y),
            scale=_number(table["scale"]),
            quality=_number(table["quality"]),
            rgb=self._picture(table["bytes"], MAX_CROP_SIDE),
        )

    def _picture(self, size: object, max_side: int) -> bytes:
        """The next JPEG; its size is read from its header, so that no decoder meets a huge one later."""
        begin, self._byte = self._byte, self._byte + _count(size)
        if self._byte > len(self._pictures):
            raise ValueError("a picture is longer than the file")
        jpeg = self._pictures[begin : self._byte]
        found = take_apart(jpeg)
        if found.format is not ImageFormat.JPEG or max(found.size.width, found.size.height) > max_side:
            raise ValueError(f"a picture is no JPEG of at most {max_side} px")
        return jpeg


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _as(kind: type[T], value: object) -> T:
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}, not {type(value).__name__}")
    return value


def _count(value: object) -> int:
    number = _as(int, value)
    if not 0 <= number < 2**53:
        raise ValueError(f"{number} is out of range")
    return number


def _number(value: object) -> float:
    if type(value) not in {int, float} or not math.isfinite(float(value)):  # type: ignore[arg-type]
        raise ValueError(f"{value!r} is no finite number")
    return float(value)  # type: ignore[arg-type]


def _floats(values: object) -> NDArray[np.float32]:
    return np.array([_number(value) for value in _as(list, values)], np.float32)
