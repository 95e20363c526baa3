"""Segments analysed one by one and joined: the result of one pass, or next to it where a shot goes across."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from efface.detect.detector import Detector
from efface.domain.errors import Cancelled
from efface.domain.media import Damage
from efface.identify.embed import Embedder
from efface.index.codec import encode_index
from efface.index.model import FaceIndex, SourceFile
from efface.media.packet_scan import scan_packets
from efface.media.probe import probe_video
from efface.media.reader import VideoReader
from efface.pipeline.join_index import Analysis, join_segments
from efface.pipeline.segment_analysis import SegmentAnalysis, analyse_segment
from efface.pipeline.segment_file import read_segment_analysis, write_segment_analysis
from efface.pipeline.segments import Segment, plan_segments, whole_video
from efface.ports import SilentProgress
from tests.unit.pipeline.conftest import Scene

TWO = ((60.0, 90.0, 0), (200.0, 90.0, 110))
SCENES = (
    Scene(70, 1, TWO),
    Scene(55, 2, ((120.0, 60.0, 110),)),
    Scene(30, 3, ()),
    Scene(45, 4, ((100.0, 120.0, 0),)),
)
SOURCE = SourceFile("scenes.mp4", 1, "0" * 64)
Make = Callable[..., Path]


def parts_of(clip: Path, segments: tuple[Segment, ...], detector: Detector) -> list[SegmentAnalysis]:
    return [
        analyse_segment(clip, segments, i, detector=detector, progress=SilentProgress())
        for i in range(len(segments))
    ]


def analysed(clip: Path, target_s: float, detector: Detector, embedder: Embedder) -> Analysis:
    info = probe_video(clip)
    segments = plan_segments(scan_packets(clip), info.time_base, target_s=target_s)
    return join_segments(parts_of(clip, segments, detector), info, SOURCE, embedder=embedder)


def text(analysis: Analysis) -> str:
    return "".join(encode_index(analysis.index))


def boxes_by_frame(index: FaceIndex) -> list[dict[int, np.ndarray[Any, Any]]]:
    """Face id → box, for each frame."""
    frames: list[dict[int, np.ndarray[Any, Any]]] = [{} for _ in range(index.timeline.num_frames)]
    for face in index.faces:
        for track in index.tracks:
            if track.track_id in face.track_ids:
                for row, box in enumerate(track.boxes):
                    frames[track.first_frame + row][face.face_id] = box
    return frames


def test_segments_that_meet_at_cuts_give_the_very_index_of_one_pass(
    make_scenes: Make, red_patches: Detector, embedder: Embedder
) -> None:
    clip = make_scenes("cuts.mp4", *SCENES)
    once = analysed(clip, 1000, red_patches, embedder)
    assert [shot.first_frame for shot in once.index.shots] == [0, 70, 125, 155]
    assert len(once.index.tracks) == 4
    assert len(once.index.faces) == 2
    # Key frames come every 10 frames: boundaries at 60 and 120, cuts 10 and 5 frames behind them.
    segments = plan_segments(scan_packets(clip), probe_video(clip).time_base, target_s=2.2)
    assert [segment.first_frame for segment in segments] == [0, 60, 120]
    cut = analysed(clip, 2.2, red_patches, embedder)
    assert text(cut) == text(once)
    assert [(k.frame_index, k.shot_index, k.jpeg) for k in cut.key_frames] == [
        (k.frame_index, k.shot_index, k.jpeg) for k in once.key_frames
    ]
    for track_id, views in once.crops.items():
        assert [(v.frame_index, v.jpeg) for v in cut.crops[track_id]] == [
            (v.frame_index, v.jpeg) for v in views
        ]


def test_shot_that_goes_across_boundaries_has_no_seam(
    make_scenes: Make, red_patches: Detector, embedder: Embedder
) -> None:
    clip = make_scenes("long.mp4", Scene(330, 5, TWO))
    once, cut = (analysed(clip, target_s, red_patches, embedder) for target_s in (1000, 4))
    segments = plan_segments(scan_packets(clip), probe_video(clip).time_base, target_s=4)
    assert [segment.first_frame for segment in segments] == [0, 100, 200]
    assert cut.index.face_ids == once.index.face_ids == (1001, 1002)
    assert [(t.first_frame, t.end_frame) for t in cut.index.tracks] == [(0, 330), (0, 330)]
    assert len(cut.index.shots) == 1
    near_seam = {frame for seam in (100, 200) for frame in range(seam - 8, seam + 58)}
    pairs = zip(boxes_by_frame(once.index), boxes_by_frame(cut.index), strict=True)
    for frame, (one, other) in enumerate(pairs):
        for face_id, box in one.items():
            limit = 4.0 if frame in near_seam else 2.0
            assert np.abs(other[face_id] - box).max() < limit, (frame, face_id)


def test_parts_of_one_boundary_decide_alike_whichever_is_analysed_first(
    make_scenes: Make, red_patches: Detector, embedder: Embedder
) -> None:
    clip = make_scenes("order.mp4", *SCENES)
    info = probe_video(clip)
    segments = plan_segments(scan_packets(clip), info.time_base, target_s=2.2)
    backwards = [
        analyse_segment(clip, segments, i, detector=red_patches, progress=SilentProgress())
        for i in reversed(range(len(segments)))
    ]
    joined = join_segments(backwards[::-1], info, SOURCE, embedder=embedder)
    assert text(joined) == text(analysed(clip, 1000, red_patches, embedder))


def test_part_survives_its_file(
    make_scenes: Make, red_patches: Detector, embedder: Embedder, tmp_path: Path
) -> None:
    clip = make_scenes("file.mp4", Scene(240, 6, TWO))
    info = probe_video(clip)
    segments = plan_segments(scan_packets(clip), info.time_base, target_s=4)
    parts = parts_of(clip, segments, red_patches)
    assert [part.shots[0].ends_open for part in parts] == [True, False]
    for part in parts:
        write_segment_analysis(part, tmp_path / f"{part.index}.part")
    read = [read_segment_analysis(tmp_path / f"{part.index}.part") for part in parts]
    direct, stored = (join_segments(some, info, SOURCE, embedder=embedder) for some in (parts, read))
    assert text(direct) == text(stored)
    assert direct.key_frames == stored.key_frames
    assert [[v.jpeg for v in views] for views in direct.crops.values()] == [
        [v.jpeg for v in views] for views in stored.crops.values()
    ]


def test_progress_counts_the_frames_of_the_segment_and_can_stop_it(
    make_scenes: Make, red_patches: Detector
) -> None:
    clip = make_scenes("progress.mp4", *SCENES)
    segments = plan_segments(scan_packets(clip), probe_video(clip).time_base, target_s=2.2)

    class Heard(SilentProgress):
        def __init__(self, stop_at: int) -> None:
            self.done: list[int] = []
            self.stop_at = stop_at

        def report(self, stage: str, done: int, total: int | None) -> None:
            assert (stage, total) == ("index", segments[1].num_frames)
            self.done.append(done)
            if done == self.stop_at:
                raise Cancelled("stopped by the test")

    heard = Heard(-1)
    analyse_segment(clip, segments, 1, detector=red_patches, progress=heard)
    assert heard.done == sorted(heard.done)
    assert heard.done[-1] == segments[1].num_frames
    stopped = Heard(30)
    with pytest.raises(Cancelled):
        analyse_segment(clip, segments, 1, detector=red_patches, progress=stopped)
    assert stopped.done[-1] == 30


def test_segment_that_got_other_frames_than_promised_says_so(
    make_scenes: Make, red_patches: Detector, embedder: Embedder
) -> None:
    clip = make_scenes("promise.mp4", Scene(240, 7, TWO))
    info = probe_video(clip)
    segments = list(plan_segments(scan_packets(clip), info.time_base, target_s=4))
    segments[1] = Segment(1, segments[1].span, 141, 100, segments[1].lead_pts, 0.04, "0" * 64)
    part = analyse_segment(clip, segments, 1, detector=red_patches, progress=SilentProgress())
    assert not part.is_as_promised
    first = analyse_segment(clip, segments, 0, detector=red_patches, progress=SilentProgress())
    assert first.is_as_promised
    with pytest.raises(ValueError, match="promised"):
        join_segments([first, part], info, SOURCE, embedder=embedder)


def test_damage_on_the_way_breaks_the_promise_of_a_part_but_not_of_the_whole(
    make_scenes: Make, red_patches: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = make_scenes("damage.mp4", Scene(240, 8, TWO))
    scan = scan_packets(clip)
    segments = plan_segments(scan, probe_video(clip).time_base, target_s=4)
    monkeypatch.setattr(VideoReader, "damage", property(lambda self: Damage(1, ("bad",))))
    progress = SilentProgress()
    assert not analyse_segment(clip, segments, 1, detector=red_patches, progress=progress).is_as_promised
    whole = analyse_segment(clip, (whole_video(scan),), 0, detector=red_patches, progress=progress)
    assert whole.is_as_promised
    assert whole.damage == Damage(1, ("bad",))


def test_join_refuses_parts_that_are_missing_or_of_another_cut(
    make_scenes: Make, red_patches: Detector, embedder: Embedder
) -> None:
    clip = make_scenes("refuse.mp4", Scene(240, 9, ()))
    info = probe_video(clip)
    scan = scan_packets(clip)
    first, second = parts_of(clip, plan_segments(scan, info.time_base, target_s=4), red_patches)
    other = parts_of(clip, plan_segments(scan, info.time_base, target_s=5), red_patches)[1]
    for parts, reason in (([second], "once"), ([first], "end"), ([first, other], "begins at frame")):
        with pytest.raises(ValueError, match=reason):
            join_segments(parts, info, SOURCE, embedder=embedder)


def test_short_rest_behind_the_last_boundary_belongs_to_the_segment_before(
    make_scenes: Make, red_patches: Detector, embedder: Embedder
) -> None:
    clip = make_scenes("rest.mp4", Scene(85, 10, TWO))
    info = probe_video(clip)
    segments = plan_segments(scan_packets(clip), info.time_base, target_s=2)
    assert [segment.num_frames for segment in segments] == [50, 35]
    first, rest = parts_of(clip, segments, red_patches)
    assert rest.shots == ()
    assert rest.is_as_promised
    joined = join_segments([first, rest], info, SOURCE, embedder=embedder)
    assert text(joined) == text(analysed(clip, 1000, red_patches, embedder))
