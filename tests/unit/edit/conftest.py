"""Edits to test with."""

from fractions import Fraction

import numpy as np
import pytest

from efface.domain.edits import (
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
from efface.domain.redaction import BlurringKind
from efface.domain.time import TimeRange

SHA256 = "ab" * 32


@pytest.fixture
def full_edits() -> Edits:
    """One correction of every sort, of the index that ``make_index`` gives."""
    boxes = np.array([[10, 20, 50, 60], [10.5, 20.125, 50.5, 60.25]], np.float32)
    drawn = (DrawnBox(4, (10.0, 20.0, 50.0, 60.0)),)
    lost = (LostRegion(6, LossReason.SIGHT),)
    return Edits(
        SHA256,
        merges=((1001, 1003),),
        splits=(TrackSplit(2, 2001),),
        removed_tracks=(4,),
        moved_boxes=(MovedBox(1, 3, (1.25, 2.5, 30.1, 40.7)),),
        regions=(
            DrawnRegion(
                1, "number plate", BlurringKind.BLACK, drawn, 4, 90, True, (FollowedRegion(4, boxes, lost),)
            ),
            DrawnRegion(
                2,
                "",
                None,
                (DrawnBox(0, (-5.0, 0.0, 9.9, 8.0)), DrawnBox(7, (0.1, 0.2, 3.3, 4.4))),
                0,
                50,
                False,
            ),
            DrawnRegion(3, "tattoo", BlurringKind.MEDIUM_BLUR, drawn, 0, 20, True),
        ),
        mutes=(TimeRange(Fraction(1001, 300), Fraction(40)), TimeRange(Fraction(-1, 2), Fraction(0))),
        reviewed=(ReviewedRisk(7, 1), ReviewedRisk(50, None)),
        index_digest="cd" * 32,
    )
