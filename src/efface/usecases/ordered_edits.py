"""The corrections that a redaction or a preview is asked for with: gathered, checked, frozen with the order."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from efface.domain.edits import DrawnRegion, Edits
from efface.domain.errors import RequestError, UnknownFaceError
from efface.domain.redaction import RedactionRequest
from efface.domain.service import Video
from efface.domain.time import TimeRange
from efface.edit import check_edits, encode_edits, parse_edits
from efface.index.model import FaceIndex
from efface.usecases.corrections import correct, detected_index, read_edits, with_known_paths
from efface.usecases.services import Services

_OF_NO_VIDEO = "0" * 64
"""Stands for the video where it is not there yet."""


@dataclass(frozen=True, slots=True)
class WantedEdits:
    """Which corrections are to be applied; none unless told otherwise."""

    uses_newest: bool = False
    """Those that were saved last."""
    revision: int | None = None
    """Those of this revision."""
    document: Edits | None = None
    """These."""
    regions: tuple[DrawnRegion, ...] = ()
    """Beside them; their numbers are changed where they are taken."""
    mutes: tuple[TimeRange, ...] = ()
    """Beside them; in seconds from the first frame."""

    def __post_init__(self) -> None:
        if sum((self.uses_newest, self.revision is not None, self.document is not None)) > 1:
            raise ValueError("corrections are the newest, those of a revision, or given; one of them")

    @property
    def are_saved_or_given(self) -> bool:
        """True where there are more than regions and mutes."""
        return self.uses_newest or self.revision is not None or self.document is not None

    @property
    def is_empty(self) -> bool:
        """True where nothing is to be applied."""
        return not (self.are_saved_or_given or self.regions or self.mutes)


@dataclass(frozen=True, slots=True)
class OrderedEdits:
    """Corrections that fit the index of their video."""

    edits: Edits
    """Regions that were followed before have their paths."""
    index: FaceIndex
    """As corrected by them."""


def order_edits(
    services: Services, video: Video, wanted: WantedEdits, request: RedactionRequest
) -> OrderedEdits | None:
    """Gather what is wanted, None where that is nothing, and refuse what does not fit.

    Raises:
        ArtifactNotFoundError: no such revision, or the video has no index.
        RequestError: the corrections do not fit the video or are of an older index, or nothing is asked for.
        UnknownFaceError: the request names faces that the corrected index does not hold, or that a user has deleted.
    """
    if wanted.is_empty:
        return None
    index = detected_index(services, video)
    edits = with_added(_base(services, video, wanted, index), index, wanted.regions, wanted.mutes)
    corrected = correct(index, edits)
    refuse_nothing(request, edits)
    changes = services.catalogue.face_edits(video.account_id, video.video_id)
    known = {
        face_id for face_id in corrected.face_ids if face_id not in changes or not changes[face_id].is_deleted
    }
    if unknown := request.face_ids - known:
        raise UnknownFaceError(unknown, known)
    return OrderedEdits(with_known_paths(services, video, edits), corrected)


def with_added(
    edits: Edits, index: FaceIndex, regions: tuple[DrawnRegion, ...], mutes: tuple[TimeRange, ...]
) -> Edits:
    """Corrections with more regions, which are numbered on, and more mutes in seconds from the first frame."""
    taken = {region.region_id for region in edits.regions}
    added: list[DrawnRegion] = []
    for region in regions:
        number = region.region_id if region.region_id not in taken else max(taken) + 1
        taken.add(number)
        added.append(replace(region, region_id=number))
    start = index.timeline.start_of(0)
    shifted = (TimeRange(span.start + start, span.end + start) for span in mutes)
    return replace(edits, regions=(*edits.regions, *added), mutes=(*edits.mutes, *shifted))


def refuse_nothing(request: RedactionRequest, edits: Edits | None) -> None:
    """Refuse a request that would change nothing.

    Raises:
        RequestError: neither faces nor anything else is to be treated.
    """
    if not request.covers_faces and not (edits and (edits.regions or edits.mutes)):
        raise RequestError(
            "neither faces nor regions nor spans of sound are to be treated: ask for one of them at least"
        )


def drawn_document(wanted: WantedEdits) -> dict[str, Any]:
    """What was drawn and muted on a video that is not indexed yet, ready for JSON."""
    edits = Edits(_OF_NO_VIDEO, regions=wanted.regions, mutes=wanted.mutes)
    document: dict[str, Any] = json.loads("".join(encode_edits(edits)))
    return document


def drawn_edits(document: Mapping[str, Any], index: FaceIndex) -> Edits:
    """What ``drawn_document`` has given, for the video as it was indexed meanwhile.

    Raises:
        RequestError: it does not fit the video.
    """
    drawn = parse_edits(document, "the redaction")
    edits = with_added(Edits(index.source.sha256), index, drawn.regions, drawn.mutes)
    check_edits(index, edits)
    return edits


def _base(services: Services, video: Video, wanted: WantedEdits, index: FaceIndex) -> Edits:
    if wanted.document is not None:
        return wanted.document
    if not wanted.are_saved_or_given:
        return Edits(index.source.sha256)
    saved = read_edits(services, video, wanted.revision)
    if saved.is_stale:
        raise RequestError(
            f"edits: the corrections of revision {saved.revision} name faces or tracks of an older index of the video: "
            "look at them again, and save them for the index of now"
        )
    return saved.edits
