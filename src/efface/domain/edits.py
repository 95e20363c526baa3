"""Corrections by hand: an overlay on the face index of one video, never a change of what was detected."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Boxes
from efface.domain.redaction import BlurringKind
from efface.domain.text import is_printable
from efface.domain.time import TimeRange

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels of the upright frame; may reach past its border."""

MAX_EDGE_PX = 1_000_000.0
"""Largest distance of a box edge from the origin, as in the face index."""
MAX_LABEL_CHARS = 200
_MEETING_PX = 1.0
"""By how much a followed box may be larger than the drawn one that it starts from: it is kept in parts of a pixel."""
_ROUNDING_PX = 1e-3


@dataclass(frozen=True, slots=True)
class TrackSplit:
    """One track taken off its person."""

    track_id: int
    face_id: int
    """The person whom the track shows instead: an id that the index does not use. Tracks split off under one id are
    one new person."""

    def __post_init__(self) -> None:
        _check_id("track id", self.track_id, least=1)
        _check_id("face id", self.face_id, least=0)


@dataclass(frozen=True, slots=True)
class MovedBox:
    """A track's box, put right in one frame."""

    track_id: int
    frame_index: int
    box: Box

    def __post_init__(self) -> None:
        _check_id("track id", self.track_id, least=1)
        _check_id("frame", self.frame_index, least=0)
        _check_box(f"the moved box of track {self.track_id} at frame {self.frame_index}", self.box)


@dataclass(frozen=True, slots=True)
class DrawnBox:
    """A box that a person drew on one frame: a key frame of a region."""

    frame_index: int
    box: Box

    def __post_init__(self) -> None:
        _check_id("frame", self.frame_index, least=0)
        _check_box(f"the box drawn at frame {self.frame_index}", self.box)


class LossReason(Enum):
    """Why a region was not followed further."""

    CUT = "cut"
    """The shot ends; a drawn box says nothing about the next one."""
    SIGHT = "sight"
    """What is in the box could no longer be told from what is around it, or left the picture."""


@dataclass(frozen=True, slots=True)
class LostRegion:
    """Where a followed region was lost: something for a person to look at."""

    frame_index: int
    """The first frame, in the direction in which it was followed, that it could not be followed to."""
    reason: LossReason


@dataclass(frozen=True, slots=True, eq=False)
class FollowedRegion:
    """Where a drawn region is within one shot: row ``i`` is frame ``first_frame + i``."""

    first_frame: int
    boxes: Boxes
    """(n, 4) float32, n >= 1, xyxy in pixels of the upright frame; may reach past its border."""
    lost: tuple[LostRegion, ...] = ()
    """Where it was lost before the end that was asked for, by frame. The boxes go on there for a while and grow."""

    def __post_init__(self) -> None:
        _check_id("first frame of a path", self.first_frame, least=0)
        if self.boxes.ndim != 2 or self.boxes.shape[1] != 4 or len(self.boxes) == 0:
            raise ValueError(f"path from frame {self.first_frame} needs n >= 1 boxes, not {self.boxes.shape}")
        if not bool(np.all(np.abs(self.boxes) <= MAX_EDGE_PX)):  # also false for NaN
            raise ValueError(f"path from frame {self.first_frame} has a box edge that is not a number")
        if not bool(np.all(self.boxes[:, 2:] > self.boxes[:, :2])):
            raise ValueError(f"path from frame {self.first_frame} has a box without area")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FollowedRegion):
            return NotImplemented
        return (
            (self.first_frame, self.lost) == (other.first_frame, other.lost)
            and self.boxes.shape == other.boxes.shape
            and bool(np.all(self.boxes == other.boxes))
        )

    __hash__ = None  # type: ignore[assignment]  # it holds an array

    @property
    def end_frame(self) -> int:
        """Index behind the last frame."""
        return self.first_frame + len(self.boxes)

    def box_at(self, frame_index: int) -> NDArray[np.float32] | None:
        """(4,) box in that frame, None where the path does not reach."""
        row = frame_index - self.first_frame
        return self.boxes[row] if 0 <= row < len(self.boxes) else None


@dataclass(frozen=True, slots=True)
class DrawnRegion:
    """Something that a person drew a box over: a missed face, a plate, a screen, a tattoo."""

    region_id: int
    """1, 2, 3 …; unique among the edits."""
    label: str
    """What it is, for people; may be empty."""
    kind: BlurringKind | None
    """How it is treated; None for the kind of the request."""
    keyframes: tuple[DrawnBox, ...]
    """The boxes that were drawn, in order of their frames; at least one."""
    first_frame: int
    """Nothing is treated before this frame."""
    end_frame: int
    """Index behind the last frame that may be treated."""
    is_followed: bool
    """True: the engine follows what is in the box, within the shots that hold a key frame. False: the box stays where
    it was drawn, and moves evenly from one key frame to the next, through all frames and across cuts."""
    path: tuple[FollowedRegion, ...] | None = None
    """Of a followed region: where it is, one part for each shot, in order; None while it was not followed yet."""

    def __post_init__(self) -> None:
        _check_id("region id", self.region_id, least=1)
        name = f"region {self.region_id}"
        if not is_printable(self.label) or len(self.label) > MAX_LABEL_CHARS:
            raise ValueError(
                f"label of {name} must be printable text of at most {MAX_LABEL_CHARS} characters"
            )
        if not 0 <= self.first_frame < self.end_frame:
            raise ValueError(f"{name} must hold a frame, not {self.first_frame} .. {self.end_frame}")
        self._check_keyframes(name)
        if self.path is not None:
            self._check_path(name, self.path)

    def bare_frames(self, num_frames: int) -> tuple[range, ...]:
        """Frames of a video so long in which a followed region is to be treated and is not, since it was lost there."""
        if self.path is None:
            return ()
        ends = [self.first_frame, *(part.end_frame for part in self.path)]
        starts = [*(part.first_frame for part in self.path), min(self.end_frame, num_frames)]
        return tuple(range(end, start) for end, start in zip(ends, starts, strict=True) if start > end)

    def _check_keyframes(self, name: str) -> None:
        frames = [drawn.frame_index for drawn in self.keyframes]
        if not frames:
            raise ValueError(f"{name} has no key frame: draw its box in one frame at least")
        if any(b <= a for a, b in pairwise(frames)):
            raise ValueError(f"key frames of {name} must be in order, one for a frame, not {frames}")
        if not self.first_frame <= frames[0] <= frames[-1] < self.end_frame:
            span = f"{self.first_frame} .. {self.end_frame}"
            raise ValueError(f"{name} has a key frame outside of its frames {span}")

    def _check_path(self, name: str, path: tuple[FollowedRegion, ...]) -> None:
        if not self.is_followed:
            raise ValueError(f"{name} is fixed, so it has no path")
        end = self.first_frame
        for part in path:
            if not end <= part.first_frame < part.end_frame <= self.end_frame:
                raise ValueError(f"path of {name} leaves its frames or overlaps itself: follow it again")
            end = part.end_frame
        # A path of boxes that were drawn elsewhere since would leave bare what the person sees covered.
        for drawn in self.keyframes:
            found = next((box for part in path if (box := part.box_at(drawn.frame_index)) is not None), None)
            if found is None or not _meets(found, drawn.box):
                raise ValueError(
                    f"path of {name} does not meet its key frame {drawn.frame_index}: follow it again"
                )


@dataclass(frozen=True, slots=True)
class ReviewedRisk:
    """A risk that a person has looked at and found fine."""

    frame_index: int
    """The frame that was looked at."""
    track_id: int | None
    """The track that the risk is of; None where it is of no track."""

    def __post_init__(self) -> None:
        _check_id("frame", self.frame_index, least=0)
        if self.track_id is not None:
            _check_id("track id", self.track_id, least=1)


@dataclass(frozen=True, slots=True)
class Edits:
    """All corrections of one video. They apply in this order: splits, merges, removed tracks, moved boxes.

    Checked at birth: ``ValueError`` names what does not fit together.
    """

    source_sha256: str
    """The video that the corrections are of: 64 lower-case hexadecimal digits."""
    merges: tuple[tuple[int, ...], ...] = ()
    """Face ids that are one person, two or more each; the smallest stays. An id occurs in one merge only."""
    splits: tuple[TrackSplit, ...] = ()
    removed_tracks: tuple[int, ...] = ()
    """Tracks that show no face."""
    moved_boxes: tuple[MovedBox, ...] = ()
    regions: tuple[DrawnRegion, ...] = ()
    mutes: tuple[TimeRange, ...] = ()
    """When no sound is heard, in seconds of the source's own clock; may overlap."""
    reviewed: tuple[ReviewedRisk, ...] = ()
    """What a person has looked at and found fine, of the very index that it was looked at in. It changes nothing of
    what is hidden, so one that fits no risk any more is passed over, and not refused."""
    index_digest: str | None = None
    """Of the index whose faces and tracks they name, see ``bind_edits``; None where nobody knows."""

    def __post_init__(self) -> None:
        for name, digest in (("source_sha256", self.source_sha256), ("index_digest", self.index_digest)):
            if digest is not None and (len(digest) != 64 or not set(digest) <= set("0123456789abcdef")):
                raise ValueError(f"{name} must be 64 lower-case hexadecimal digits")
        for merge in self.merges:
            if len(merge) < 2:
                raise ValueError(f"a merge needs two faces or more, not {list(merge)}")
        _check_unique("face", [face_id for merge in self.merges for face_id in merge], "merges")
        _check_unique("track", [split.track_id for split in self.splits], "splits")
        _check_unique("track", self.removed_tracks, "removed_tracks")
        moves = [(moved.track_id, moved.frame_index) for moved in self.moved_boxes]
        _check_unique("track and frame", moves, "moved_boxes")
        _check_unique("region", [region.region_id for region in self.regions], "regions")
        for span in self.mutes:
            if span.end <= span.start:
                raise ValueError(f"a mute must last longer than nothing, not {span.start} .. {span.end}")

    @property
    def names_tracks(self) -> bool:
        """True when the corrections name faces or tracks, which are those of one index only. A review is none."""
        return bool(self.merges or self.splits or self.removed_tracks or self.moved_boxes)

    @property
    def is_empty(self) -> bool:
        """True when nothing is corrected, whatever was reviewed."""
        return not (self.names_tracks or self.regions or self.mutes)


def _meets(path_box: NDArray[np.float32], drawn: Box) -> bool:
    grown = np.array([1, 1, -1, -1]) * (np.array(drawn) - path_box.astype(np.float64))
    # float32 cannot tell thousandths in a picture of 16000 pixels.
    return bool(np.all((grown >= -_ROUNDING_PX * 2) & (grown <= _MEETING_PX)))


def _check_id(what: str, number: int, *, least: int) -> None:
    if number < least:
        raise ValueError(f"{what} must be {least} or more, not {number}")


def _check_box(what: str, box: Sequence[float]) -> None:
    if len(box) != 4 or not all(isfinite(edge) and abs(edge) <= MAX_EDGE_PX for edge in box):
        raise ValueError(f"{what} needs four edges within {MAX_EDGE_PX:.0f} px, not {list(box)}")
    if box[2] <= box[0] or box[3] <= box[1]:
        raise ValueError(f"{what} has no area, so it would cover nothing")


def _check_unique(what: str, keys: Iterable[object], place: str) -> None:
    seen = set()
    for key in keys:
        if key in seen:
            raise ValueError(f"{what} {key} occurs twice in {place}")
        seen.add(key)
