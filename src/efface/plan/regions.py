"""Regions: one in one frame, one followed through frames, and all of a video."""

from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Boxes, Size
from efface.domain.redaction import BlurringKind
from efface.domain.time import TimeRange


class Shape(Enum):
    """Outline of a region inside its box."""

    ELLIPSE = "ellipse"
    """The ellipse that touches the four sides of the box."""
    BOX = "box"
    """The whole box."""


@dataclass(frozen=True, slots=True)
class Region:
    """One area of one frame that an effect is applied to."""

    box: tuple[float, float, float, float]
    """x1, y1, x2, y2 in pixels of the upright frame, padding included; may reach past the border."""
    shape: Shape
    kind: BlurringKind
    label: str | None
    """What a drawn box is labelled with."""
    face_px: float
    """Longer side of the face, or of what was drawn over, without padding, in pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class RegionTrack:
    """One region followed through consecutive frames: row ``i`` of the arrays is ``first_frame + i``."""

    first_frame: int
    boxes: Boxes
    """(n, 4) float32, xyxy in pixels of the upright frame, padding included; may reach past the border."""
    face_px: NDArray[np.float32]
    """(n,) longer side of the face, or of what was drawn over, without padding, in pixels."""
    is_box: NDArray[np.bool_]
    """(n,) True where the whole box is the region, False where its ellipse is."""
    label: str | None = None
    """Printable ASCII: what a drawn box is labelled with."""
    kind: BlurringKind | None = None
    """How it is treated; None for the kind of the plan."""

    def __post_init__(self) -> None:
        n = len(self.boxes)
        if n == 0 or self.boxes.shape != (n, 4) or self.face_px.shape != (n,) or self.is_box.shape != (n,):
            raise ValueError(
                f"region track needs n >= 1 boxes (n, 4), face_px (n,) and is_box (n,), "
                f"not {self.boxes.shape}, {self.face_px.shape} and {self.is_box.shape}"
            )
        if self.first_frame < 0:
            raise ValueError(f"region track starts before the video: frame {self.first_frame}")
        # A box of NaN would be drawn nowhere and leave the face bare.
        if not bool(np.isfinite(self.boxes).all()):
            raise ValueError(f"region track from frame {self.first_frame} has a box that is not finite")

    @property
    def end_frame(self) -> int:
        """Index behind the last frame."""
        return self.first_frame + len(self.boxes)


@dataclass(frozen=True, slots=True, eq=False)
class RedactionPlan:
    """Everything that is to be treated in one video."""

    kind: BlurringKind
    """How every region is treated that has no kind of its own."""
    size: Size
    """Upright size of the frames that the boxes are measured in."""
    num_frames: int
    tracks: tuple[RegionTrack, ...]
    """In the order in which they are painted; regions may overlap."""
    mutes: tuple[TimeRange, ...] = ()
    """When no sound is heard, in seconds of the source's own clock: in order, none touching the next."""
    notices: tuple[str, ...] = ()
    """What a user should know about the plan."""
    _first: NDArray[np.int64] = field(init=False, repr=False)
    _end: NDArray[np.int64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        first = np.array([track.first_frame for track in self.tracks], np.int64)
        end = np.array([track.end_frame for track in self.tracks], np.int64)
        if len(end) and int(end.max()) > self.num_frames:
            raise ValueError(f"a region reaches to frame {int(end.max())} of a video of {self.num_frames}")
        if any(later.start <= earlier.end for earlier, later in pairwise(self.mutes)):
            raise ValueError("mutes must be in order and apart from one another")
        object.__setattr__(self, "_first", first)
        object.__setattr__(self, "_end", end)

    @property
    def hides(self) -> bool:
        """False when the kind leaves the faces visible."""
        return self.kind.hides

    def kind_of(self, track: RegionTrack) -> BlurringKind:
        """How a region is treated."""
        return self.kind if track.kind is None else track.kind

    def regions_at(self, frame_index: int) -> tuple[Region, ...]:
        """The regions of one frame; none for a frame outside the video."""
        present = np.flatnonzero((self._first <= frame_index) & (frame_index < self._end))
        return tuple(self._region(self.tracks[i], frame_index) for i in present)

    def _region(self, track: RegionTrack, frame_index: int) -> Region:
        row = frame_index - track.first_frame
        x1, y1, x2, y2 = (float(value) for value in track.boxes[row])
        shape = Shape.BOX if track.is_box[row] else Shape.ELLIPSE
        return Region((x1, y1, x2, y2), shape, self.kind_of(track), track.label, float(track.face_px[row]))

    def masked_frames(self) -> NDArray[np.bool_]:
        """(num_frames,) True for each frame that holds a region."""
        steps = np.zeros(self.num_frames + 1, np.int64)
        np.add.at(steps, self._first, 1)
        np.add.at(steps, self._end, -1)
        return np.asarray(np.cumsum(steps)[:-1] > 0)

    def masked_spans(self) -> tuple[tuple[int, int], ...]:
        """Half-open frame spans ``(first, end)`` that hold a region, in order, none touching the next."""
        edges = np.diff(self.masked_frames().astype(np.int8), prepend=0, append=0)
        starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
        return tuple((int(a), int(b)) for a, b in zip(starts, ends, strict=True))
