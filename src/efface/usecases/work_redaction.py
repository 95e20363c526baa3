"""The stages of a redaction: cut the video into spans of frames, render each, join them into the finished file."""

import hashlib
from contextlib import ExitStack
from itertools import accumulate
from pathlib import Path
from typing import Any

import structlog
from pydantic import TypeAdapter

from efface.domain.edits import Edits
from efface.domain.errors import IndexMismatchError, SegmentError
from efface.domain.service import MediaFacts, RedactionOutcome, StoredSource
from efface.edit import decode_edits, encode_edits
from efface.index.codec import decode_index
from efface.index.model import FaceIndex
from efface.media.encoders import default_output_suffix
from efface.media.packet_scan import scan_packets
from efface.media.probe import probe_video
from efface.media.still import still_jpeg
from efface.pipeline.follow import follow_edits
from efface.pipeline.segments import plan_segments, whole_video
from efface.plan import plan_redaction
from efface.ports import Progress
from efface.render.render import render_video
from efface.render.segments import Rendering, join_rendered, render_segment
from efface.usecases.completion import outcome_document
from efface.usecases.object_keys import (
    index_key,
    part_key,
    plan_key,
    poster_key,
    resolved_edits_key,
    source_key,
)
from efface.usecases.ordered_edits import drawn_edits
from efface.usecases.reading import INDEX_FILE
from efface.usecases.redaction_facts import redaction_facts
from efface.usecases.redactions import DRAWN, EDITS_KEY, INDEX_VERSION, NAMES, request_from_document
from efface.usecases.services import new_video_id
from efface.usecases.work import WorkOrder, WorkTools, opened_source
from efface.usecases.work_pictures import POSTER_SHARE, poster_id
from efface.usecases.work_stream import make_stream_copy

_SPANS = TypeAdapter(list[tuple[int, int]])
"""First and end frame of each segment."""
_CHUNK_BYTES = 1 << 20


def plan(order: WorkOrder, tools: WorkTools, folder: Path, progress: Progress) -> dict[str, Any]:
    """Cut the video into spans of frames that can be rendered one by one."""
    index = _index(order, tools)
    with opened_source(order, tools) as source:
        _resolve_edits(order, tools, index, source, progress)
        scan = scan_packets(source)
        segments = (
            (whole_video(scan),)
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
    """Render one span of frames."""
    assert order.segment is not None
    first, end = _spans(order, tools)[order.segment]
    part = folder / "part"
    with opened_source(order, tools) as source:
        try:
            rendering = _rendering(order, tools, source, _index(order, tools), _resolved_edits(order, tools))
            render_segment(rendering, range(first, end), part, progress)
        except SegmentError as error:
            _tell_whole(order, error)
            return {"num_frames": end - first, "is_exact": False}
    tools.objects.put_file(part_key(order.job.job_id, order.segment, order.is_whole), part)
    return {"num_frames": end - first, "is_exact": True}


def join(order: WorkOrder, tools: WorkTools, folder: Path, progress: Progress) -> dict[str, Any]:
    """Make the finished file, and what readers are given of it."""
    made = order.new_video
    index, edits = _index(order, tools), _resolved_edits(order, tools)
    with opened_source(order, tools) as source:
        rendering = _rendering(order, tools, source, index, edits)
        output = folder / f"redacted{rendering.suffix}"
        notices = _join_spans(order, tools, rendering, output, progress)
    info, timeline = probe_video(output), rendering.timeline
    facts = MediaFacts(
        round(float(timeline.duration), 7),
        info.upright_size.width,
        info.upright_size.height,
        timeline.num_frames,
    )
    has_stream = made.options.makes_stream and make_stream_copy(made, output, tools.objects, folder, progress)
    thumbnail_id = poster_id(made.video_id, 0)
    # Of the finished file, never of the original.
    poster = still_jpeg(output, timeline.start_of(0) + timeline.duration * POSTER_SHARE)
    tools.objects.put_bytes(poster_key(made, thumbnail_id), poster)
    stored = _stored(order, tools, output)
    request = order.job.request
    names = {int(face_id): name for face_id, name in request.get(NAMES, {}).items()}
    done = redaction_facts(index, request_from_document(request), edits, names)
    return outcome_document(RedactionOutcome(stored, facts, has_stream, thumbnail_id, notices, done))


def _join_spans(
    order: WorkOrder, tools: WorkTools, rendering: Rendering, output: Path, progress: Progress
) -> tuple[str, ...]:
    """Make the finished file; gives what the user should know of it."""
    numbers = range(len(_spans(order, tools)))
    with ExitStack() as stack:
        parts = [
            stack.enter_context(tools.objects.local_file(part_key(order.job.job_id, number, order.is_whole)))
            for number in numbers
        ]
        try:
            report = join_rendered(rendering, parts, output, progress)
        except SegmentError as error:
            _tell_whole(order, error)
            report = render_video(
                rendering.source, rendering.plan, rendering.timeline, output, rendering.settings, progress
            )
    return report.notices


def _spans(order: WorkOrder, tools: WorkTools) -> list[tuple[int, int]]:
    return _SPANS.validate_json(tools.objects.get_bytes(plan_key(order.job.job_id)))


def _index(order: WorkOrder, tools: WorkTools) -> FaceIndex:
    """The index of the original.

    Raises:
        IndexMismatchError: the file is another than it was made from, or the index is not that of the order.
    """
    video = order.video
    if order.job.request.get(INDEX_VERSION, video.index_version) != video.index_version:
        raise IndexMismatchError(
            f"video '{video.video_id}' was analysed anew since its redaction was asked for: ask again"
        )
    with tools.objects.local_file(index_key(video, video.index_version, INDEX_FILE)) as file:
        index = decode_index(file)
    if video.source is None or index.source.sha256 != video.source.sha256:
        raise IndexMismatchError(
            f"video '{video.video_id}' is not the file that its index was made from: index it again"
        )
    return index


def _resolve_edits(
    order: WorkOrder, tools: WorkTools, index: FaceIndex, source: Path, progress: Progress
) -> None:
    """Follow what was drawn and not followed yet, once for all segments, and keep it for them.

    Raises:
        InputError: the corrections do not fit the video.
    """
    edits = _ordered_edits(order, tools, index)
    if edits is None:
        return
    key = resolved_edits_key(order.job.job_id)
    # A plan that is made anew need not follow anew: the same regions in the same video lead the same way.
    if not tools.objects.has(key):
        edits = follow_edits(source, index, edits, progress)
        tools.objects.put_bytes(key, "".join(encode_edits(edits)).encode())
    # What cannot be planned must show before an hour of rendering.
    plan_redaction(index, request_from_document(order.job.request), edits=_resolved_edits(order, tools))


def _ordered_edits(order: WorkOrder, tools: WorkTools, index: FaceIndex) -> Edits | None:
    request = order.job.request
    if EDITS_KEY in request:
        return decode_edits(tools.objects.get_bytes(request[EDITS_KEY]), "the corrections")
    return drawn_edits(request[DRAWN], index) if DRAWN in request else None


def _resolved_edits(order: WorkOrder, tools: WorkTools) -> Edits | None:
    """The corrections with all paths, None where none were ordered."""
    if not order.job.request.keys() & {EDITS_KEY, DRAWN}:
        return None
    return decode_edits(tools.objects.get_bytes(resolved_edits_key(order.job.job_id)), "the corrections")


def _rendering(
    order: WorkOrder, tools: WorkTools, source: Path, index: FaceIndex, edits: Edits | None
) -> Rendering:
    return Rendering(
        source,
        plan_redaction(index, request_from_document(order.job.request), edits=edits),
        index.timeline,
        default_output_suffix(probe_video(source)),
        tools.settings.encoding,
    )


def _stored(order: WorkOrder, tools: WorkTools, output: Path) -> StoredSource:
    """Put the finished file into the store, under a name that no other attempt has."""
    digest = hashlib.sha256()
    with output.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    size_bytes = output.stat().st_size
    key = source_key(order.new_video, new_video_id(), output.name)
    tools.objects.put_file(key, output)
    return StoredSource(key, size_bytes, digest.hexdigest())


def _tell_whole(order: WorkOrder, error: SegmentError) -> None:
    structlog.get_logger(__name__).warning(
        "the video is rendered in one piece", video=order.video.video_id, reason=str(error)
    )
