"""Shots, tracks and people: what the analysis of a whole video yields."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Boxes


@dataclass(frozen=True, slots=True)
class Shot:
    """Frames between two cuts: ``first_frame`` up to, not including, ``end_frame``."""

    first_frame: int
    end_frame: int

    def __post_init__(self) -> None:
        if not 0 <= self.first_frame < self.end_frame:
            raise ValueError(f"shot must hold a frame, not {self.first_frame} .. {self.end_frame}")


@dataclass(frozen=True, slots=True, eq=False)
class FaceTrack:
    """One face followed through one shot, without a gap: row ``i`` of the arrays is frame ``first_frame + i``."""

    track_id: int
    """1, 2, 3 … in order of first frame; unique in an index."""
    first_frame: int
    """Index of the first frame in which the face is covered."""
    boxes: Boxes
    """(n, 4) float32, xyxy in pixels of the upright frame; may reach past its border."""
    scores: NDArray[np.float32]
    """(n,) detector confidence in [0, 1]; 0 where the box was carried by motion."""

    def __post_init__(self) -> None:
        if len(self.boxes) == 0 or self.boxes.shape != (len(self.scores), 4):
            raise ValueError(
                f"track needs n >= 1 boxes and scores, not {self.boxes.shape} and {self.scores.shape}"
            )

    @property
    def end_frame(self) -> int:
        """Index behind the last frame."""
        return self.first_frame + len(self.scores)

    @property
    def num_frames(self) -> int:
        """Number of frames."""
        return len(self.scores)

    def box_at(self, frame_index: int) -> NDArray[np.float32] | None:
        """(4,) box in that frame, or None where the track does not reach."""
        row = frame_index - self.first_frame
        return self.boxes[row] if 0 <= row < len(self.boxes) else None

    def overlaps(self, other: "FaceTrack") -> bool:
        """True when both tracks are in view in at least one common frame."""
        return self.first_frame < other.end_frame and other.first_frame < self.end_frame


@dataclass(frozen=True, slots=True)
class FaceGroup:
    """All tracks of one person; what Video Indexer calls a face."""

    face_id: int
    """Integer from 1001, in order of first appearance; stable for the same input and version."""
    track_ids: tuple[int, ...]
    """The person's tracks, in order of time; at least one."""
    thumbnail_frame: int
    """Index of the frame that shows the person best."""
    thumbnail_track: int
    """The track whose box in ``thumbnail_frame`` is the best view."""
    name: str | None = field(default=None)
    """Name given by a user, else None."""

    def __post_init__(self) -> None:
        if not self.track_ids:
            raise ValueError(f"face {self.face_id} has no track")
