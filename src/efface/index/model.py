"""The face index as a record: what one analysis of one video found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from efface.domain.errors import UnknownFaceError
from efface.domain.geometry import Size
from efface.domain.time import Timeline, TimeRange
from efface.domain.track import FaceGroup, FaceTrack, Shot

MAX_COORDINATE_PX = 1_000_000.0
"""Largest distance of a box edge from the origin; float32 still holds eighths of a pixel exactly there."""

APPEARANCE_GAP_S = 0.5
"""Gaps shorter than this do not end an appearance: a passer-by in front is no new scene for an editor."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The video that an index was made from."""

    name: str
    """File name without folders."""
    size_bytes: int
    sha256: str
    """64 lower-case hexadecimal digits."""

    def __post_init__(self) -> None:
        if self.size_bytes < 0:
            raise ValueError(f"source size must not be negative, not {self.size_bytes}")
        if len(self.sha256) != 64 or not set(self.sha256) <= set("0123456789abcdef"):
            raise ValueError("source sha256 must be 64 lower-case hexadecimal digits")


@dataclass(frozen=True, slots=True)
class VisibleFace:
    """One covered face in one frame."""

    face_id: int
    track_id: int
    box: tuple[float, float, float, float]
    """x1, y1, x2, y2 in pixels of the upright frame; may reach past its border."""
    score: float
    """Detector confidence in [0, 1]; 0 where the box was carried by motion."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceIndex:
    """All faces of one video. Checked at birth: ``ValueError`` names what does not fit together.

    Example:
        >>> index.face(1001).track_ids  # doctest: +SKIP
        (1, 4)
        >>> [float(span.duration) for span in index.appearances(1001)]  # doctest: +SKIP
        [11.96]
    """

    source: SourceFile
    size: Size
    """Upright frame in pixels; the boxes refer to it."""
    timeline: Timeline
    frame_rate: Fraction | None
    """Frames per second from the header, None where it has none."""
    shots: tuple[Shot, ...]
    """In order of time, without overlap."""
    tracks: tuple[FaceTrack, ...]
    """In any order; ids are unique."""
    faces: tuple[FaceGroup, ...]
    """People; each track belongs to exactly one."""
    engine: str
    """What made it, for people, e.g. ``efface 0.1.0; centerface/openvino``."""
    notices: tuple[str, ...] = ()
    """What a user should know about the analysis, e.g. damaged packets."""
    thumbnail_frames: Mapping[int, int] = field(default_factory=dict)
    """Track id → frame index of its best view; a track that is missing here uses its best-scored frame."""
    _tracks: dict[int, FaceTrack] = field(init=False, repr=False)
    _faces: dict[int, FaceGroup] = field(init=False, repr=False)
    _owners: dict[int, FaceGroup] = field(init=False, repr=False)
    _spans: NDArray[np.int64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_tracks", {track.track_id: track for track in self.tracks})
        object.__setattr__(self, "_faces", {face.face_id: face for face in self.faces})
        owners = {track_id: face for face in self.faces for track_id in face.track_ids}
        object.__setattr__(self, "_owners", owners)
        spans = np.array([(t.first_frame, t.end_frame) for t in self.tracks], np.int64).reshape(-1, 2)
        object.__setattr__(self, "_spans", spans)
        _check_shots(self.shots, self.timeline.num_frames)
        _check_unique("track id", [track.track_id for track in self.tracks])
        for track in self.tracks:
            _check_track(track, self.timeline.num_frames)
        self._check_faces()

    def _check_faces(self) -> None:
        _check_unique("face id", [face.face_id for face in self.faces])
        for face in self.faces:
            if face.face_id < 0:
                raise ValueError(f"face id must not be negative, not {face.face_id}")
            for track_id in (*face.track_ids, face.thumbnail_track):
                if track_id not in self._tracks:
                    raise ValueError(f"face {face.face_id} names track {track_id}, which does not exist")
            if face.thumbnail_track not in face.track_ids:
                raise ValueError(f"thumbnail track {face.thumbnail_track} is not of face {face.face_id}")
            if self._tracks[face.thumbnail_track].box_at(face.thumbnail_frame) is None:
                raise ValueError(f"face {face.face_id} is not in its thumbnail frame {face.thumbnail_frame}")
        _check_unique("track", [track_id for face in self.faces for track_id in face.track_ids])
        for track_id in self._tracks:
            if track_id not in self._owners:
                raise ValueError(f"track {track_id} belongs to no face")
        for track_id, frame_index in self.thumbnail_frames.items():
            if track_id not in self._tracks or self._tracks[track_id].box_at(frame_index) is None:
                raise ValueError(f"track {track_id} is not in its thumbnail frame {frame_index}")

    @property
    def face_ids(self) -> tuple[int, ...]:
        """All face ids, ascending."""
        return tuple(sorted(self._faces))

    def track(self, track_id: int) -> FaceTrack:
        """The track with this id; ``KeyError`` if there is none."""
        return self._tracks[track_id]

    def face(self, face_id: int) -> FaceGroup:
        """The person with this id.

        Raises:
            UnknownFaceError: no such person.
        """
        found = self._faces.get(face_id)
        if found is None:
            raise UnknownFaceError([face_id], self.face_ids)
        return found

    def face_of(self, track_id: int) -> FaceGroup:
        """The person whom a track shows; ``KeyError`` if there is no such track."""
        return self._owners[track_id]

    def tracks_of(self, face_id: int) -> tuple[FaceTrack, ...]:
        """A person's tracks in order of time.

        Raises:
            UnknownFaceError: no such person.
        """
        return tuple(sorted((self._tracks[i] for i in self.face(face_id).track_ids), key=_by_time))

    def faces_at(self, frame_index: int) -> tuple[VisibleFace, ...]:
        """Every covered face in one frame, by face id; empty where there is none."""
        in_view = (self._spans[:, 0] <= frame_index) & (frame_index < self._spans[:, 1])
        shown = (self._visible(self.tracks[i], frame_index) for i in np.flatnonzero(in_view))
        return tuple(sorted(shown, key=lambda v: (v.face_id, v.track_id)))

    def _visible(self, track: FaceTrack, frame_index: int) -> VisibleFace:
        row = frame_index - track.first_frame
        x1, y1, x2, y2 = (float(edge) for edge in track.boxes[row])
        face_id = self._owners[track.track_id].face_id
        return VisibleFace(face_id, track.track_id, (x1, y1, x2, y2), float(track.scores[row]))

    def appearances(self, face_id: int, max_gap_s: float = APPEARANCE_GAP_S) -> tuple[TimeRange, ...]:
        """When a person is on screen, in order; spans with less than ``max_gap_s`` between them are one.

        Times are seconds of the source's own time stamps, exact.

        Raises:
            UnknownFaceError: no such person.
        """
        spans = [self.timeline.span(first, end) for first, end in self._frame_spans(face_id)]
        limit = Fraction(max_gap_s)
        merged: list[TimeRange] = []
        for span in spans:
            if merged and span.start - merged[-1].end < limit:
                merged[-1] = TimeRange(merged[-1].start, span.end)
            else:
                merged.append(span)
        return tuple(merged)

    def seen_duration(self, face_id: int) -> Fraction:
        """Seconds for which a person is covered, gaps not counted.

        Raises:
            UnknownFaceError: no such person.
        """
        spans = (self.timeline.span(first, end).duration for first, end in self._frame_spans(face_id))
        return sum(spans, Fraction(0))

    def thumbnail_frame(self, track_id: int) -> int:
        """Index of the frame that shows a track best; ``KeyError`` if there is no such track."""
        known = self.thumbnail_frames.get(track_id)
        return best_frame(self._tracks[track_id]) if known is None else known

    def _frame_spans(self, face_id: int) -> list[tuple[int, int]]:
        """Disjoint spans of frames, in order, in which a person is covered."""
        spans: list[tuple[int, int]] = []
        for track in self.tracks_of(face_id):
            if spans and track.first_frame <= spans[-1][1]:
                spans[-1] = (spans[-1][0], max(spans[-1][1], track.end_frame))
            else:
                spans.append((track.first_frame, track.end_frame))
        return spans


def best_frame(track: FaceTrack) -> int:
    """Index of the frame where a track's face is surest and largest; its first one if never detected."""
    sides = track.boxes[:, 2:] - track.boxes[:, :2]
    return track.first_frame + int(np.argmax(track.scores * sides[:, 0] * sides[:, 1]))


def _by_time(track: FaceTrack) -> tuple[int, int]:
    return track.first_frame, track.track_id


def _check_unique(what: str, ids: Sequence[int]) -> None:
    seen: set[int] = set()
    for number in ids:
        if number in seen:
            raise ValueError(f"{what} {number} occurs twice")
        seen.add(number)


def _check_shots(shots: Iterable[Shot], num_frames: int) -> None:
    previous_end = 0
    for shot in shots:
        if shot.first_frame < previous_end:
            raise ValueError(f"shot {shot.first_frame} .. {shot.end_frame} overlaps the one before it")
        if shot.end_frame > num_frames:
            raise ValueError(f"shot {shot.first_frame} .. {shot.end_frame} ends after frame {num_frames}")
        previous_end = shot.end_frame


def _check_track(track: FaceTrack, num_frames: int) -> None:
    if track.track_id < 1:
        raise ValueError(f"track id must be 1 or more, not {track.track_id}")
    name = f"track {track.track_id}"
    if track.first_frame < 0 or track.end_frame > num_frames:
        span = f"{track.first_frame} .. {track.end_frame}"
        raise ValueError(f"{name} covers frames {span}, the timeline has {num_frames}")
    if not bool(np.all(np.abs(track.boxes) <= MAX_COORDINATE_PX)):  # also false for NaN
        raise ValueError(f"{name} has a box edge that is not a number within {MAX_COORDINATE_PX:.0f} px")
    if not bool(np.all(track.boxes[:, 2:] > track.boxes[:, :2])):
        raise ValueError(f"{name} has a box without area, which would cover nothing")
    if not bool(np.all((track.scores >= 0) & (track.scores <= 1))):
        raise ValueError(f"{name} has a score outside 0 .. 1")
