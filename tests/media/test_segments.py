"""Real clips in segments: the index of one pass where they meet at cuts, and next to it where a shot goes across."""

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from efface.index.codec import encode_index
from efface.index.model import FaceIndex
from efface.media.packet_scan import scan_packets
from efface.media.probe import probe_video
from efface.pipeline import index_video
from efface.pipeline.segments import plan_segments
from efface.ports import SilentProgress

pytestmark = [pytest.mark.media, pytest.mark.weights]

BEFORE_SEGMENTS = {
    "hamilton_whitehouse_4shots.mp4": "a9aa5727be9c829e",
    "crying_laughing_hands_on_face.mp4": "261ff37eebe20c39",
    "face_then_cartoon_hevc_vfr.mov": "4fca6584ccc7209f",
    "three_people_walk_up.gif": "08c8d1c0a45679e1",
}
"""What version 0.1.0, which knew no segments, found with bf16 arithmetic: digest of its index without its origin."""
ONE_PASS_S = 1e6
SEAM_REACH_S = 3.0
"""Seconds around a boundary in which the two sides see a shot with different eyes: the overlap and its smoothing."""


@pytest.fixture
def faces(shared: Path) -> Path:
    """The folder of real clips with faces."""
    return shared / "media" / "faces_video"


@cache
def found(path: Path, segment_s: float) -> FaceIndex:
    return index_video(path, progress=SilentProgress(), segment_s=segment_s).index


def boundaries(path: Path, segment_s: float) -> list[int]:
    segments = plan_segments(scan_packets(path), probe_video(path).time_base, target_s=segment_s)
    return [segment.first_frame for segment in segments[1:]]


def pairs(one: FaceIndex, other: FaceIndex) -> Iterator[tuple[int, NDArray[np.float32], NDArray[np.float32]]]:
    """Frame and boxes of each track of one index and of the same track of another."""
    for track, twin in zip(one.tracks, other.tracks, strict=True):
        first, end = max(track.first_frame, twin.first_frame), min(track.end_frame, twin.end_frame)
        for frame in range(first, end):
            yield frame, track.boxes[frame - track.first_frame], twin.boxes[frame - twin.first_frame]


@pytest.mark.parametrize(("name", "digest"), BEFORE_SEGMENTS.items(), ids=list(BEFORE_SEGMENTS))
def test_video_of_one_segment_is_indexed_as_before_there_were_any(
    faces: Path, name: str, digest: str
) -> None:
    index = found(faces / name, 60)
    if not index.engine.endswith("bf16"):
        pytest.skip("the digest was taken on a processor with bf16 arithmetic")
    document = json.loads("".join(encode_index(index)))
    del document["engine"], document["source"]
    assert hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16] == digest


@pytest.mark.parametrize(
    ("name", "segment_s"), [("face_then_cartoon_hevc_vfr.mov", 2), ("nasa_two_audio_streams.mp4", 2)]
)
def test_boundaries_near_cuts_give_the_index_of_one_pass(faces: Path, name: str, segment_s: float) -> None:
    path = faces / name
    assert boundaries(path, segment_s)
    once, cut = (encode_index(found(path, target)) for target in (ONE_PASS_S, segment_s))
    assert "".join(once) == "".join(cut)


@pytest.mark.parametrize(
    ("name", "segment_s"),
    [
        ("hamilton_whitehouse_4shots.mp4", 2),
        ("crying_laughing_hands_on_face.mp4", 4),
        pytest.param("cctv_backs_one_by_one.mp4", 15, marks=pytest.mark.slow),
    ],
)
def test_boundaries_within_shots_leave_no_seam(faces: Path, name: str, segment_s: float) -> None:
    path = faces / name
    once, cut = (found(path, target) for target in (ONE_PASS_S, segment_s))
    seams = boundaries(path, segment_s)
    assert len(seams) >= 2
    assert once.tracks
    assert cut.shots == once.shots
    assert [(face.face_id, face.track_ids) for face in cut.faces] == [
        (face.face_id, face.track_ids) for face in once.faces
    ]
    assert [(t.first_frame, t.end_frame) for t in cut.tracks] == [
        (t.first_frame, t.end_frame) for t in once.tracks
    ]
    reach = once.timeline.frames_within(SEAM_REACH_S)
    for frame, box, other in pairs(once, cut):
        side = float((box[2:] - box[:2]).max())
        is_near = any(-reach / 3 <= frame - seam <= reach for seam in seams)
        assert np.abs(box - other).max() < (max(3.0, 0.06 * side) if is_near else 2.0), frame


def test_boxes_do_not_jump_at_a_seam(faces: Path) -> None:
    path = faces / "crying_laughing_hands_on_face.mp4"
    once, cut = (found(path, target) for target in (ONE_PASS_S, 4))
    jumps = [
        max(float(np.abs(b - a).max()) for a, b in pairwise(index.tracks[0].boxes)) for index in (once, cut)
    ]
    assert jumps[1] <= 1.3 * jumps[0]


def test_file_with_a_gap_in_its_packets_is_indexed_in_one_piece(shared: Path) -> None:
    """Its packets promise frames that the decoder does not give."""
    path = shared / "media" / "awkward" / "derived" / "gap_missing_packets.mp4"
    assert boundaries(path, 1)
    once, cut = (encode_index(found(path, target)) for target in (ONE_PASS_S, 1))
    assert "".join(once) == "".join(cut)
