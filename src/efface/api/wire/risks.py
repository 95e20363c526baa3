"""Risks on the wire."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from efface.api.wire.parameters import or_default, whole_number
from efface.api.wire.shape import WireShape
from efface.api.wire.tracks import TracksQuery
from efface.index.risk import MAX_RISKS, RiskReason
from efface.usecases.risks import ReviewedMoment

_Limit = Annotated[
    int,
    BeforeValidator(or_default(whole_number(1, MAX_RISKS), MAX_RISKS)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_RISKS, "default": MAX_RISKS}),
]
RISK_WORDS = {reason: "".join(part.capitalize() for part in reason.name.split("_")) for reason in RiskReason}
"""Each reason in one word."""
_Reason = Annotated[str, WithJsonSchema({"type": "string", "enum": list(RISK_WORDS.values())})]


class RisksQuery(TracksQuery):
    """Which risks are listed."""

    limit: _Limit = MAX_RISKS
    """The worst so many."""


class RiskShape(WireShape):
    """One moment at which a person should look."""

    frame: int
    """The one to show."""
    first_frame: int
    end_frame: int
    score: float
    """0 to 1, good for ranking."""
    reasons: tuple[_Reason, ...]
    """The weightiest first."""
    track_id: int | None
    face_id: int | None
    box: tuple[float, float, float, float]
    is_reviewed: bool


class RisksShape(WireShape):
    """The risks of a video, the worst first."""

    total: int
    num_open: int
    """Those that nobody has reviewed, of all."""
    risks: tuple[RiskShape, ...]


def risks_shape(moments: Sequence[ReviewedMoment], limit: int) -> RisksShape:
    """Risks on the wire."""
    return RisksShape(
        total=len(moments),
        num_open=sum(not moment.is_reviewed for moment in moments),
        risks=tuple(map(_risk_shape, moments[:limit])),
    )


def _risk_shape(moment: ReviewedMoment) -> RiskShape:
    risk = moment.risk
    x1, y1, x2, y2 = (round(edge, 2) for edge in risk.box)
    return RiskShape(
        frame=risk.frame_index,
        first_frame=risk.first_frame,
        end_frame=risk.end_frame,
        score=round(risk.score, 4),
        reasons=tuple(RISK_WORDS[reason] for reason in risk.reasons),
        track_id=risk.track_id,
        face_id=risk.face_id,
        box=(x1, y1, x2, y2),
        is_reviewed=moment.is_reviewed,
    )
