"""The stages of an analysis: cut the video into segments, analyse each, join them into an index."""

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from efface.detect.choice import create_detector
from efface.domain.service import IndexOutcome, MediaFacts, StoredSource
from efface.index.codec import encode_index
from efface.index.faces_json import iter_faces_json
from efface.index.model import SourceFile
from efface.media.packet_scan import scan_packets
from efface.media.probe import probe_video
from efface.media.still import still_jpeg
from efface.pipeline import Analysis
from efface.pipeline.join_index import join_segments
from efface.pipeline.segment_analysis import SegmentAnalysis, analyse_segment
from efface.pipeline.segment_file import read_segment_analysis, write_segment_analysis
from efface.pipeline.segments import Segment, plan_segments, whole_video
from efface.ports import Progress, SilentProgress
from efface.usecases.completion import outcome_document
from efface.usecases.insights import VideoInsights
from efface.usecases.insights_of_index import summarise
from efface.usecases.insights_shelf import INSIGHTS_FILE
from efface.usecases.object_keys import index_key, part_key, plan_key, poster_key
from efface.usecases.reading import FACE_PICTURES_FILE, FACES_FILE, INDEX_FILE, KEY_FRAME_PICTURES_FILE
from efface.usecases.work import WorkOrder, WorkTools, opened_source
from efface.usecases.work_pictures import POSTER_SHARE, face_archive, key_frame_archive, poster_id
from efface.usecases.work_stream import make_stream_copy

_SEGMENTS = TypeAdapter(tuple[Segment, ...])


def plan(order: WorkOrder, tools: WorkTools, folder: Path, progress: Progress) -> dict[str, Any]:
    """Cut the video into segments; none for a video in which no faces are to be found."""
    if not order.video.options.finds_faces:
        return {"num_frames": []}
    with opened_source(order, tools) as source:
        scan = scan_packets(source)
        segments = (
            (whole_video(scan),)
            if order.is_whole
            else plan_segments(scan, probe_video(source).time_base, target_s=tools.settings.index_segment_s)
        )
    tools.objects.put_bytes(plan_key(order.job.job_id), _SEGMENTS.dump_json(segments))
    return {"num_frames": [segment.num_frames for segment in segments]}


def analyse(order: WorkOrder, tools: WorkTools, folder: Path, progress: Progress) -> dict[str, Any]:
    """Find and follow the faces of one segment."""
    assert order.segment is not None
    segments = _planned(order, tools)
    with opened_source(order, tools) as source:
        part = analyse_segment(
            source,
            segments,
            order.segment,
            detector=create_detector(tools.settings.detector),
            progress=progress,
        )
    file = folder / "part"
    write_segment_analysis(part, file)
    tools.objects.put_file(part_key(order.job.job_id, order.segment, order.is_whole), file)
    return {"num_frames": segments[order.segment].num_frames, "is_exact": part.is_as_promised}


def join(order: WorkOrder, tools: WorkTools, folder: Path, progress: Progress) -> dict[str, Any]:
    """Make the index of its segments, and all that readers are given of it."""
    video, stored = order.video, order.video.source
    assert stored is not None, "the stages before have read it"
    version = video.index_version + 1
    with opened_source(order, tools) as source:
        if video.options.finds_faces:
            insights, poster = _join_segments(order, tools, source, stored, version)
        else:
            insights, poster = _insights_without_faces(source)
        has_stream = video.options.makes_stream and make_stream_copy(
            video, source, tools.objects, folder, progress
        )
    tools.objects.put_bytes(
        index_key(video, version, INSIGHTS_FILE), json.dumps(insights.to_document()).encode()
    )
    thumbnail_id = poster_id(video.video_id, version)
    tools.objects.put_bytes(poster_key(video, thumbnail_id), poster)
    facts = MediaFacts(insights.duration_s, insights.width, insights.height, insights.num_frames)
    return outcome_document(
        IndexOutcome(
            version, stored, facts, video.options.finds_faces, has_stream, thumbnail_id, insights.notices
        )
    )


def _planned(order: WorkOrder, tools: WorkTools) -> tuple[Segment, ...]:
    return _SEGMENTS.validate_json(tools.objects.get_bytes(plan_key(order.job.job_id)))


def _join_segments(
    order: WorkOrder, tools: WorkTools, source: Path, stored: StoredSource, version: int
) -> tuple[VideoInsights, bytes]:
    """Write the files of the index; gives what readers are told, and the picture that stands for the video."""
    video = order.video
    parts = _alike_parts(order, tools, source)
    name = video.details.file_name or video.details.name
    found = join_segments(parts, probe_video(source), SourceFile(name, stored.size_bytes, stored.sha256))
    face_pictures, faces = face_archive(found.index, found.crops)
    key_frame_pictures, key_frames = key_frame_archive(found.index, found.key_frames)
    files = {
        FACE_PICTURES_FILE: face_pictures,
        KEY_FRAME_PICTURES_FILE: key_frame_pictures,
        FACES_FILE: "".join(iter_faces_json(found.index)).encode(),
        INDEX_FILE: "".join(encode_index(found.index)).encode(),
    }
    for file_name, content in files.items():
        tools.objects.put_bytes(index_key(video, version, file_name), content)
    return summarise(found.index, found.key_frames, faces, key_frames), _poster(source, found)


def _alike_parts(order: WorkOrder, tools: WorkTools, source: Path) -> list[SegmentAnalysis]:
    """What the segments have yielded, all searched by the same network on the same kind of processor.

    Networks find slightly other faces on processors of other kinds, which must not show as a seam. So what a worker
    of another kind has searched is searched here once more.
    """
    detector = create_detector(tools.settings.detector)
    segments, parts = _planned(order, tools), []
    for segment in segments:
        with tools.objects.local_file(part_key(order.job.job_id, segment.index, order.is_whole)) as file:
            part = read_segment_analysis(file)
        if part.detector != detector.name:
            part = analyse_segment(
                source, segments, segment.index, detector=detector, progress=SilentProgress()
            )
        parts.append(part)
    return parts


def _poster(source: Path, found: Analysis) -> bytes:
    """The picture that stands for the video: its first key frame, which was chosen for showing something."""
    return found.key_frames[0].jpeg if found.key_frames else still_jpeg(source, 0)


def _insights_without_faces(source: Path) -> tuple[VideoInsights, bytes]:
    """What the file itself tells, for a video of which nothing but sound was to be analysed."""
    info = probe_video(source)
    insights = VideoInsights(
        duration_s=info.duration_s or 0.0,
        width=info.upright_size.width,
        height=info.upright_size.height,
        num_frames=info.num_frames_estimate or 0,
        frame_rate=float(info.frame_rate) if info.frame_rate else None,
        engine="",
        faces=(),
        shots=(),
        face_pictures=(),
        key_frame_pictures=(),
        notices=(),
    )
    return insights, still_jpeg(source, insights.duration_s * POSTER_SHARE)
