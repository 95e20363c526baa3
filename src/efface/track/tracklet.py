"""A track while it is being built, and what is left of it when its shot is over."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Boxes
from efface.track.motion import likeness

Box = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class FinishedTracklet:
    """A tracklet whose shot is over: its rows and what speaks for it, without pictures. Row ``i`` is frame
    ``first_frame + i``."""

    key: int
    """Unique within its shot; a smaller key began earlier."""
    first_frame: int
    boxes: Boxes
    """(n, 4) float32 in analysis pixels, not yet smoothed."""
    scores: NDArray[np.float32]
    """(n,) detector confidence in [0, 1]; 0 where the box was carried."""
    chances: int
    """Searches that could have found the face while it was followed."""

    def __post_init__(self) -> None:
        if len(self.boxes) == 0 or self.boxes.shape != (len(self.scores), 4):
            raise ValueError(
                f"tracklet needs n >= 1 boxes and scores, not {self.boxes.shape} and {self.scores.shape}"
            )

    @property
    def end_frame(self) -> int:
        """Index behind the last row's frame."""
        return self.first_frame + len(self.scores)

    @property
    def hit_scores(self) -> NDArray[np.float64]:
        """(m,) scores of the detections."""
        return self.scores[self.scores > 0].astype(np.float64)


@dataclass(slots=True)
class Tracklet:
    """One face from its first to its last known frame; rows are consecutive frames. Boxes in analysis pixels."""

    key: int
    first_frame: int
    boxes: list[Box]
    scores: list[float]
    """Detector confidence of each row; 0 where the box was carried."""
    is_supported: list[bool]
    """Whether each row still looked like the face: always for detections, by likeness for carried boxes."""
    face_patch: NDArray[np.uint8]
    """Gray picture that the last hit was found in; reference for likeness."""
    face_box: Box
    """Where the face lies in ``face_patch``."""
    last_hit: int
    """Frame of the last detection."""
    chances: int = 1
    """Searches that could have found the face while it was tracked up to ``last_hit``."""
    pending_chances: int = 0
    """Searches since ``last_hit`` that found nothing."""
    is_traced_back: bool = field(default=False)
    """True once the time before the first hit was searched."""

    @property
    def last_frame(self) -> int:
        """Index of the last row's frame."""
        return self.first_frame + len(self.boxes) - 1

    @property
    def hit_scores(self) -> list[float]:
        """Scores of the detections."""
        return [score for score in self.scores if score > 0]

    @property
    def velocity(self) -> Box:
        """Mean shift per frame over the last few rows, as a box-shaped (4,) vector."""
        recent = self.boxes[-4:]
        if len(recent) < 2:
            return np.zeros(4, np.float32)
        centres = np.stack([(b[:2] + b[2:]) / 2 for b in recent])
        return np.tile((centres[-1] - centres[0]) / (len(recent) - 1), 2).astype(np.float32)

    def carry(self, box: Box, gray: NDArray[np.uint8], trust: float) -> None:
        """Append a row whose box comes from motion alone."""
        # Something that passes in front changes the look before it hides the face: motion may vouch alone.
        supported = trust >= 0.7 or (
            trust >= 0.3 and likeness(self.face_patch, gray, self.face_box, box) >= 0.35
        )
        self.boxes.append(box)
        self.scores.append(0.0)
        self.is_supported.append(supported)

    def hit(self, box: Box, score: float, gray: NDArray[np.uint8], carried_weight: float) -> None:
        """Replace the last row by a detection, and bend the carried rows before it so that they lead there.

        ``carried_weight`` in [0, 1] says how far the carried box is believed against the detection's jitter.
        """
        frame = self.last_frame
        settled = (1 - carried_weight) * box + carried_weight * self.boxes[-1]
        residual = settled - self.boxes[-1]
        steps = frame - self.last_hit
        for k in range(1, steps):
            self.boxes[-1 - steps + k] = self.boxes[-1 - steps + k] + residual * (k / steps)
            self.is_supported[-1 - steps + k] = True
        self.boxes[-1] = settled
        self.scores[-1] = score
        self.is_supported[-1] = True
        self.face_patch, self.face_box, self.last_hit = gray, settled, frame
        self.chances += 1 + self.pending_chances
        self.pending_chances = 0

    def finished(self) -> FinishedTracklet:
        """What is kept when the shot is over."""
        return FinishedTracklet(
            self.key,
            self.first_frame,
            np.asarray(self.boxes, np.float32),
            np.asarray(self.scores, np.float32),
            self.chances + self.pending_chances,
        )

    def prepend(self, box: Box, score: float) -> None:
        """Put a row before the first one."""
        self.first_frame -= 1
        self.boxes.insert(0, box)
        self.scores.insert(0, score)
        self.is_supported.insert(0, True)

    def trim_tail(self, longest: int) -> None:
        """Cut the carried rows behind the last hit: keep those that look like the face, ``longest`` at most."""
        end = self.last_hit - self.first_frame + 1
        limit = min(len(self.boxes), end + longest)
        while end < limit and self.is_supported[end]:
            end += 1
        del self.boxes[end:], self.scores[end:], self.is_supported[end:]
