"""A small index that fits the insights of ``api_in_process``: two people in one shot of 301 frames."""

from fractions import Fraction

import numpy as np

from efface.domain.geometry import Boxes, Size
from efface.domain.time import Timeline
from efface.domain.track import FaceGroup, FaceTrack, Shot
from efface.index.codec import encode_index
from efface.index.model import FaceIndex, SourceFile

NUM_FRAMES = 301
START_PTS = 1000
"""No video begins at 0 for sure."""
TICKS_PER_FRAME = 512
TIME_BASE = Fraction(1, 12800)


def moving_boxes(num_frames: int, left: float, top: float, side: float = 40) -> Boxes:
    """Boxes (n, 4) that move by an eighth of a pixel a frame."""
    step = np.arange(num_frames)[:, None] / 8
    return (np.array([[left, top, left + side, top + side]]) + step).astype(np.float32)


def sample_index(sha256: str, first_face: int = 1001) -> FaceIndex:
    """Tracks 1 and 3 show the first person, track 2 the second."""
    pts = START_PTS + TICKS_PER_FRAME * np.arange(NUM_FRAMES, dtype=np.int64)
    tracks = tuple(
        FaceTrack(track_id, first, moving_boxes(count, left, 50), np.full(count, 0.75, np.float32))
        for track_id, first, count, left in ((1, 0, 200, 10.0), (2, 75, 38, 300.0), (3, 210, 89, 120.0))
    )
    return FaceIndex(
        source=SourceFile("clip.mp4", 7, sha256),
        size=Size(640, 360),
        timeline=Timeline(TIME_BASE, pts, START_PTS + TICKS_PER_FRAME * NUM_FRAMES),
        frame_rate=Fraction(25),
        shots=(Shot(0, 205), Shot(205, NUM_FRAMES)),
        tracks=tracks,
        faces=(
            FaceGroup(first_face, (1, 3), 35, 1),
            FaceGroup(first_face + 1, (2,), 80, 2),
        ),
        engine="efface 0",
    )


def sample_index_file(sha256: str, first_face: int = 1001) -> bytes:
    """The text of ``index.json``."""
    return "".join(encode_index(sample_index(sha256, first_face))).encode()
