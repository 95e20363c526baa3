"""Small indexes to test with."""

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import pytest

from efface.domain.geometry import Size
from efface.domain.time import Timeline
from efface.domain.track import FaceGroup, FaceTrack, Shot
from efface.identify.crops import FaceCrop
from efface.index.model import FaceIndex, SourceFile

Spans = Sequence[tuple[int, int, int]]
"""(face_id, first_frame, end_frame) of each track, in order of track id."""


def make_timeline(num_frames: int, step: int = 1001, first_pts: int = 0) -> Timeline:
    pts = first_pts + step * np.arange(num_frames, dtype=np.int64)
    return Timeline(Fraction(1, 30_000), pts, int(pts[-1]) + step)


def make_track(track_id: int, first_frame: int, end_frame: int) -> FaceTrack:
    n = end_frame - first_frame
    left = 100 + 200 * track_id + np.arange(n, dtype=np.float32) * 1.25
    boxes = np.stack([left, np.full(n, 50.0), left + 80.5, np.full(n, 150.0)], axis=1).astype(np.float32)
    scores = np.linspace(0.5, 0.9, n).round(2).astype(np.float32)
    return FaceTrack(track_id, first_frame, boxes, scores)


def build_index(spans: Spans, num_frames: int = 300, first_pts: int = 0) -> FaceIndex:
    tracks = [make_track(i, first, end) for i, (_, first, end) in enumerate(spans, start=1)]
    members: dict[int, list[int]] = {}
    for i, (face_id, _, _) in enumerate(spans, start=1):
        members.setdefault(face_id, []).append(i)
    return FaceIndex(
        source=SourceFile("clip.mp4", 12345, "ab" * 32),
        size=Size(1280, 720),
        timeline=make_timeline(num_frames, first_pts=first_pts),
        frame_rate=Fraction(30_000, 1001),
        shots=(Shot(0, num_frames),),
        tracks=tuple(tracks),
        faces=tuple(
            FaceGroup(face_id, tuple(ids), spans[ids[0] - 1][1], ids[0])
            for face_id, ids in sorted(members.items())
        ),
        engine="efface 0.1.0; centerface/openvino",
    )


@pytest.fixture(scope="session")
def make_index() -> Callable[..., FaceIndex]:
    """Builds an index out of (face_id, first_frame, end_frame) per track."""
    return build_index


@pytest.fixture
def three_people() -> FaceIndex:
    """1001 in two tracks, 1002 and 1003 in one each; 300 frames of 29.97 per second."""
    return build_index([(1001, 0, 100), (1002, 20, 60), (1001, 200, 260), (1003, 290, 300)])


@pytest.fixture
def crops(three_people: FaceIndex) -> dict[int, list[FaceCrop]]:
    """Three views of each track, of different size and quality; the middle one is the best."""
    return {
        track.track_id: [make_crop(track, share) for share in (0.0, 0.5, 0.9)]
        for track in three_people.tracks
    }


def make_crop(track: FaceTrack, share: float) -> FaceCrop:
    frame_index = track.first_frame + int(share * (track.num_frames - 1))
    side = int(60 + 200 * share)
    shade = np.linspace(40, 220, side, dtype=np.uint8)
    flat = np.full((side, side), 60, np.uint8)
    rgb = np.stack([np.tile(shade, (side, 1)), np.tile(shade[:, None], (1, side)), flat], axis=2)
    rgb[side // 3 : side // 2, side // 3 : side // 2] = (40 * track.track_id, 200, 20)
    box = track.box_at(frame_index)
    assert box is not None
    return FaceCrop(
        frame_index=frame_index,
        box=box,
        score=0.9,
        landmarks=np.full((5, 2), np.nan, np.float32),
        rgb=rgb,
        origin=(0.0, 0.0),
        scale=1.0,
        quality=1 - abs(share - 0.5),
    )
