"""What a risk is, and why a moment is one."""

from dataclasses import dataclass
from enum import Enum

MAX_RISKS = 200
"""Most risks of one video: what a person can look at in one sitting."""


class RiskReason(Enum):
    """Why a face may be bare at a moment; the value says it to people."""

    GAP = "a face was lost and found again, with nothing in between"
    ABSENCE = "the same person is missing for a while, and nobody else is seen"
    ENDS_IN_VIEW = "a face ends inside the picture"
    STARTS_IN_VIEW = "a face starts inside the picture"
    CUT = "close to a cut"
    OCCLUSION = "a face ends beside another face"
    CARRIED = "not seen by the detector for long, followed by motion only"
    UNSURE = "the detector is unsure"
    FAST = "moves fast"
    GROWTH = "grows or shrinks fast"
    SMALL = "hardly larger than the smallest face that is found"
    BRIEF = "seen for a moment only"
    CROWD = "many faces at once"


@dataclass(frozen=True, slots=True)
class Risk:
    """One moment at which a person should look.

    ``frame_index`` is the frame to show: where a face has ended, the first frame that its mask no longer reaches.
    """

    frame_index: int
    first_frame: int
    end_frame: int
    """Index behind the last frame of the moment."""
    score: float
    """How likely a face is bare or badly covered, in [0, 1]; good for ranking, no exact probability."""
    reasons: tuple[RiskReason, ...]
    """The weightiest first; at least one."""
    track_id: int | None
    """The track that ends, starts or is followed badly; None where it is about no single one."""
    face_id: int | None
    """The person of that track."""
    box: tuple[float, float, float, float]
    """x1, y1, x2, y2 in pixels of the upright frame: where to look. May reach past its border."""

    def __post_init__(self) -> None:
        if not 0 <= self.first_frame <= self.frame_index < self.end_frame:
            raise ValueError(
                f"frame {self.frame_index} of a risk is outside of {self.first_frame} .. {self.end_frame}"
            )
        if not 0 <= self.score <= 1:
            raise ValueError(f"score of a risk must be in 0 .. 1, not {self.score}")
        if not self.reasons:
            raise ValueError(f"risk at frame {self.frame_index} has no reason")
        if (self.track_id is None) != (self.face_id is None):
            raise ValueError(
                f"risk at frame {self.frame_index} names a track without its face, or the reverse"
            )
