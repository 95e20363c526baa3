"""The moments of a video where a face is most likely bare, and which of them a person has looked at."""

from dataclasses import dataclass

from efface.domain.edits import Edits
from efface.domain.service import Video
from efface.index.model import FaceIndex
from efface.index.risk import Risk, find_risks
from efface.usecases.corrections import corrected_index
from efface.usecases.services import Services


@dataclass(frozen=True, slots=True)
class ReviewedMoment:
    """One risk of the corrected index."""

    risk: Risk
    is_reviewed: bool
    """True where a person has found it fine."""


def read_risks(services: Services, video: Video, revision: int | None = None) -> tuple[ReviewedMoment, ...]:
    """The risks of the index as corrected, the worst first.

    What was reviewed in another version of the index counts for nothing: its tracks are others.

    Raises:
        ArtifactNotFoundError: the video has no index, or no such revision.
    """
    corrected = corrected_index(services, video, revision)
    return reviewed_moments(corrected.index, corrected.edits)


def reviewed_moments(index: FaceIndex, edits: Edits | None) -> tuple[ReviewedMoment, ...]:
    """The risks of an index as corrected, the worst first.

    Args:
        index: with the corrections.
        edits: they, which tell what was looked at; None where there are none.
    """
    looked_at = {(each.frame_index, each.track_id) for each in edits.reviewed} if edits else set()
    return tuple(
        ReviewedMoment(risk, (risk.frame_index, risk.track_id) in looked_at) for risk in find_risks(index)
    )
