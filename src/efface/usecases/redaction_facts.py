"""What a redaction has done and left open, for those who decide whether its video may be shown."""

from collections.abc import Mapping

from efface.domain.edits import Edits
from efface.domain.redaction import RedactionRequest
from efface.domain.service import KeptFace, RedactionFacts, Video
from efface.edit import apply_edits
from efface.index.model import FaceIndex
from efface.usecases.reading import read_insights
from efface.usecases.risks import reviewed_moments
from efface.usecases.services import Services


def names_given(services: Services, video: Video) -> dict[int, str]:
    """What users call the people of a video, those whom they have named.

    Raises:
        ServiceUnavailableError: database or store do not answer.
    """
    changes = services.catalogue.face_edits(video.account_id, video.video_id)
    insights = read_insights(services, video, changes)
    found = {face.face_id: face.name for face in insights.faces if face.is_named} if insights else {}
    # People whom corrections have made are in no insights.
    return found | {face_id: change.name for face_id, change in changes.items() if change.name}


def redaction_facts(
    index: FaceIndex, request: RedactionRequest, edits: Edits | None, names: Mapping[int, str]
) -> RedactionFacts:
    """How a video is redacted, and what is left open.

    Args:
        index: as it was detected.
        request: its face ids are those of the corrected index.
        edits: the corrections, which fit the index; None where there are none.
        names: of people, by face id.
    """
    corrected = apply_edits(index, edits) if edits else index
    hidden = {face_id for face_id in corrected.face_ids if request.covers(face_id)}
    kept = () if not request.covers_faces else (each for each in corrected.face_ids if each not in hidden)
    return RedactionFacts(
        kind=request.kind,
        covers_faces=request.covers_faces,
        num_hidden=len(hidden),
        kept=tuple(KeptFace(face_id, names.get(face_id)) for face_id in kept),
        num_regions=len(edits.regions) if edits else 0,
        num_mutes=len(edits.mutes) if edits else 0,
        num_removed_tracks=len(edits.removed_tracks) if edits else 0,
        num_open_risks=_num_open_risks(corrected, hidden, edits),
    )


def _num_open_risks(index: FaceIndex, hidden: set[int], edits: Edits | None) -> int:
    if not hidden:
        return 0
    return sum(
        not moment.is_reviewed
        # Somebody who is kept may be bare.
        and (moment.risk.track_id is None or index.face_of(moment.risk.track_id).face_id in hidden)
        for moment in reviewed_moments(index, edits)
    )
