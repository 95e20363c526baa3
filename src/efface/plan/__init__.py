"""What is hidden, where and when: the face index and a request become regions per frame.

Takes the index and a ``RedactionRequest``, gives a ``RedactionPlan``. Must hold: no pixel is read here, every
covered face has a region in each frame of its tracks and a little before and after, no region crosses a cut,
and a plan is a plain container of region tracks, so that more of them (corrections by hand) can be put beside
those made here.
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
