"""The stages of a redaction: cut the video into spans of frames, render each, join them into the finished file."""

import hashlib
from contextlib import ExitStack
from itertools import accumulate
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from efface.domain.errors import IndexMismatchError, RequestError
from efface.domain.service import MediaFacts, RedactionOutcome, StoredSource
from efface.index.codec import decode_index
from efface.index.model import FaceIndex
from efface.media.encoders import default_output_suffix
from efface.media.packet_scan import scan_packets
from efface.media.probe import probe_video
from efface.media.still import still_jpeg
from efface.pipeline.segments import plan_segments, whole_video
from efface.ports import Progress
from efface.usecases.completion import outcome_document
from efface.usecases.object_keys import index_key, part_key, plan_key, poster_key, source_key
from efface.usecases.reading import INDEX_FILE
from efface.usecases.redactions import request_from_document
from efface.usecases.services import new_video_id
from efface.usecases.work import WorkOrder, WorkTools
from efface.usecases.work_pictures import POSTER_SHARE, poster_id
from efface.usecases.work_stream import make_stream_copy

_SPANS = TypeAdapter(list[tuple[int, int]])
"""First and end frame of each segment."""
_CHUNK = 1 << 20


def plan(order: WorkOrder, tools: WorkTools, folder: Path, progress: Progress) -> dict[str, Any]:
    """Cut the video into spans of frames that can be rendered one by one."""
    index = _index(order, tools)
    with tools.objects.local_file(order.source_key) as source:
        scan = scan_packets(source)
        segments = (
            [whole_video(scan)]
            if order.is_whole
            else plan_segments(scan, index.timeline.time_base, target_s=tools.settings.render_segment_s)
        )
    counts = [segment.num_frames for segment in segments]
    if sum(counts) != index.timeline.num_frames:
        # The packets promise other frames than there are: only from the beginning is it sure which frame is which.
        counts = [index.timeline.num_frames]
    ends = list(accumulate(counts))
    spans = list(zip([0, *ends[:-1]], ends, strict=True))
    tools.objects.put_bytes(plan_key(order.job.job_id), _SPANS.dump_json(spans))
    return {"num_frames": counts}


def render(order: WorkOrder, tools: WorkTools, folder: Path, progress: Progress) -> dict[str, Any]:
    raise NotImplementedError


def join(order: WorkOrder, tools: WorkTools, folder: Path, progress: Progress) -> dict[str, Any]:
    raise NotImplementedError


def _index(order: WorkOrder, tools: WorkTools) -> FaceIndex:
    raise NotImplementedError
