"""What a child process of the studio does: makes a still, follows a region. It knows no catalogue.

Orders and results are documents ready for JSON, because they go through pipes.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from efface.domain.edits import Edits, FollowedRegion
from efface.domain.errors import ArtifactNotFoundError
from efface.edit import decode_edits, encode_edits
from efface.index.codec import decode_index
from efface.index.model import FaceIndex
from efface.pipeline.follow import follow_region
from efface.plan import RedactionPlan, plan_redaction
from efface.ports import FollowOrder, ObjectStore, Progress, StillOrder, StudioVideo
from efface.render.preview import PreviewDesk
from efface.usecases.corrections import size_of_index
from efface.usecases.redactions import request_document, request_from_document
from efface.usecases.review_shelf import ReviewShelf
from efface.usecases.work import told_by_name

_INDEXES_BYTES, _PLANS_BYTES = 200_000_000, 100_000_000
_NO_VIDEO = "0" * 64


@dataclass(frozen=True, slots=True)
class StudioTools:
    """What a child process works with, and what it remembers between orders."""

    objects: ObjectStore
    indexes: ReviewShelf[FaceIndex] = field(default_factory=lambda: ReviewShelf(_INDEXES_BYTES))
    plans: ReviewShelf[RedactionPlan] = field(default_factory=lambda: ReviewShelf(_PLANS_BYTES))
    previews: PreviewDesk = field(default_factory=PreviewDesk)


def still_document(order: StillOrder) -> dict[str, Any]:
    """An order for a still, ready for JSON."""
    return {
        "task": "still",
        **_video_document(order.video),
        "frame": order.frame_index,
        "max_side": order.max_side,
        "request": request_document(order.request),
        "edits": None if order.edits is None else "".join(encode_edits(order.edits)),
    }


def follow_document(order: FollowOrder) -> dict[str, Any]:
    """An order to follow a region, ready for JSON."""
    edits = Edits(_NO_VIDEO, regions=(order.region,))
    return {"task": "follow", **_video_document(order.video), "edits": "".join(encode_edits(edits))}


def still_of(result: Mapping[str, Any]) -> bytes:
    """The JPEG that an order for a still has given."""
    return base64.b64decode(result["jpeg"])


def path_of(result: Mapping[str, Any]) -> tuple[FollowedRegion, ...]:
    """The path that an order to follow has given."""
    return decode_edits(result["edits"].encode(), "the path").regions[0].path or ()


def work_in_studio(tools: StudioTools, document: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Do one order.

    Raises:
        InputError: the video or the order cannot be used.
        ArtifactNotFoundError, ServiceUnavailableError: of the store.
    """
    try:
        return _work(tools, document, progress)
    except ArtifactNotFoundError:
        # Deleted: what was decoded of it is not to outlive it here.
        tools.previews.close()
        raise


def _work(tools: StudioTools, document: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    index = tools.indexes.get(document["index_key"], lambda: _read_index(tools, document), size_of_index)
    with (
        tools.objects.local_file(document["source_key"]) as path,
        told_by_name(path, document["name"]),
    ):
        if document["task"] == "still":
            plan = _plan(tools, document, index)
            jpeg = tools.previews.preview(
                path, plan, index.timeline, document["frame"], max_side=document["max_side"]
            )
            return {"jpeg": base64.b64encode(jpeg).decode()}
        edits = decode_edits(document["edits"].encode(), "the region")
        (region,) = edits.regions
        followed = Edits(
            _NO_VIDEO,
            regions=(replace(region, path=follow_region(path, index, region, progress)),),
        )
        return {"edits": "".join(encode_edits(followed))}


def _video_document(video: StudioVideo) -> dict[str, Any]:
    return {"source_key": video.source_key, "index_key": video.index_key, "name": video.name}


def _read_index(tools: StudioTools, document: Mapping[str, Any]) -> FaceIndex:
    with tools.objects.local_file(document["index_key"]) as path:
        return decode_index(path)


def _plan(tools: StudioTools, document: Mapping[str, Any], index: FaceIndex) -> RedactionPlan:
    """The plan of an order; kept, because a page asks for one frame after another."""
    what = json.dumps([document["index_key"], document["request"], document["edits"]])

    def make() -> RedactionPlan:
        text = document["edits"]
        edits = None if text is None else decode_edits(text.encode(), "the corrections")
        return plan_redaction(index, request_from_document(document["request"]), edits=edits)

    return tools.plans.get(hashlib.sha256(what.encode()).hexdigest(), make, _size_of_plan)


def _size_of_plan(plan: RedactionPlan) -> int:
    return 1000 + sum(2 * track.boxes.nbytes + 1000 for track in plan.tracks)
