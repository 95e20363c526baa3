"""What a detector says about one picture."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Boxes


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """The faces found in one picture, as arrays of one row per face."""

    boxes: Boxes
    """(n, 4) float32, xyxy in pixels of the picture that was searched."""
    scores: NDArray[np.float32]
    """(n,) confidence in [0, 1]; higher is surer."""
    landmarks: NDArray[np.float32]
    """(n, 5, 2) x, y of the eyes, the nose and the mouth corners, left before right as seen; NaN if unknown."""

    def __post_init__(self) -> None:
        n = len(self.scores)
        if self.boxes.shape != (n, 4) or self.landmarks.shape != (n, 5, 2):
            raise ValueError(
                f"{n} scores need boxes (n, 4) and landmarks (n, 5, 2), "
                f"not {self.boxes.shape} and {self.landmarks.shape}"
            )

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def empty(cls) -> Self:
        """No face at all."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))

    @classmethod
    def concatenate(cls, parts: "list[Detections]") -> "Detections":
        """All faces of several searches of the same picture; duplicates are not removed."""
        if not parts:
            return cls.empty()
        return Detections(
            np.concatenate([p.boxes for p in parts]),
            np.concatenate([p.scores for p in parts]),
            np.concatenate([p.landmarks for p in parts]),
        )

    def select(self, which: NDArray[np.intp] | NDArray[np.bool_]) -> "Detections":
        """The faces at these indexes, or where this mask is true."""
        return Detections(self.boxes[which], self.scores[which], self.landmarks[which])
