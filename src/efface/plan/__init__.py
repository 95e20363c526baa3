"""What is hidden, where and when: the face index and a request become regions per frame.

Takes the index as detected, a ``RedactionRequest`` and ``Edits``, gives a ``RedactionPlan``. Must hold: no pixel is
read here, every covered face has a region in each frame of its tracks and a little before and after, no region of a
face crosses a cut, what a person drew over has a region in each frame that it was drawn for or followed through, and
a plan is a plain container.
"""

from efface.plan.margin import DEFAULT_MARGIN, MaskMargin
from efface.plan.redaction import plan_redaction
from efface.plan.regions import RedactionPlan, Region, RegionTrack, Shape

__all__ = [
    "DEFAULT_MARGIN",
    "MaskMargin",
    "RedactionPlan",
    "Region",
    "RegionTrack",
    "Shape",
    "plan_redaction",
]
