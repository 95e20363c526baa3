"""Face indexes that are worse than efface makes them, so that there is something to find for ``benchmarks.risk``.

A detector is weakened in ways in which detectors fail; the rest of the line works on as it does.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.detect.choice import create_detector
from efface.detect.detector import Detector
from efface.domain.detection import Detections
from efface.domain.track import FaceGroup, FaceTrack
from efface.index.folder import load_index, write_index
from efface.index.model import FaceIndex, best_frame
from efface.index.source import describe_source
from efface.media.packet_scan import scan_packets
from efface.media.probe import probe_video
from efface.pipeline.join_index import join_segments
from efface.pipeline.segment_analysis import analyse_segment
from efface.pipeline.segments import whole_video
from efface.ports import SilentProgress

_CUT_SHARE = 0.15
"""Share of a track's frames that ``cut_tracks`` takes away, about: as a search that is blind for a while would."""
_CUT_S = (0.3, 1.2)
"""Shortest and longest stretch that is taken away at once."""


@dataclass(frozen=True, slots=True)
class Weakness:
    """How a detector falls short."""

    name: str
    shrink: int = 1
    """How many times smaller it sees a picture: small faces are lost."""
    score_factor: float = 1.0
    """What its scores are multiplied with: turned and dim faces fall below the least score."""
    missed_share: float = 0.0
    """Share of detections that are lost by chance."""


NO_WEAKNESS = Weakness("as it is")
WEAKNESSES = (
    Weakness("sees a quarter of the size", shrink=4),
    Weakness("unsure", score_factor=0.75),
    Weakness("blinks", missed_share=0.85),
    Weakness("a little of each", shrink=2, score_factor=0.85, missed_share=0.5),
)


@dataclass(frozen=True, slots=True)
class WeakDetector:
    """A detector made worse; the same picture always gives the same faces."""

    sound: Detector
    weakness: Weakness

    @property
    def name(self) -> str:
        """Of the detector, and how it was weakened."""
        return f"{self.sound.name}, {self.weakness.name}"

    def detect(self, rgb: NDArray[np.uint8], min_score: float) -> Detections:
        """Find fewer faces than the sound detector would."""
        shrink, factor = self.weakness.shrink, self.weakness.score_factor
        height, width = rgb.shape[:2]
        size = max(1, width // shrink), max(1, height // shrink)
        small = rgb if shrink == 1 else cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        found = self.sound.detect(np.asarray(small, np.uint8), min_score)
        scale = np.array([width / size[0], height / size[1]], np.float32)
        # The chance depends on the picture alone: searches run on several threads, in any order.
        chance = np.random.default_rng(zlib.crc32(rgb[::8, ::8].tobytes())).random(len(found))
        scores = np.asarray(found.scores * np.float32(factor), np.float32)
        weak = Detections(found.boxes * np.tile(scale, 2), scores, found.landmarks * scale)
        return weak.select((scores >= min_score) & (chance >= self.weakness.missed_share))


def index_weakly(clip: Path, weakness: Weakness, folder: Path) -> FaceIndex:
    """The index of a clip as a weakened detector makes it; read from ``folder`` if it was made before."""
    if not folder.exists():
        scan = scan_packets(clip)
        segments = (whole_video(scan),)
        detector = WeakDetector(create_detector(), weakness)
        part = analyse_segment(clip, segments, 0, detector=detector, progress=SilentProgress())
        write_index(folder, join_segments([part], probe_video(clip), describe_source(clip)).index)
    return load_index(folder)


def cut_tracks(index: FaceIndex, seed: int) -> FaceIndex:
    """An index in which stretches of the tracks are missing; the pieces stay with their person."""
    rng = np.random.default_rng(seed)
    tracks: list[FaceTrack] = []
    pieces: dict[int, list[int]] = {}
    for track in index.tracks:
        for piece in _pieces(track, index, rng):
            tracks.append(replace(piece, track_id=len(tracks) + 1))
            pieces.setdefault(track.track_id, []).append(len(tracks))
    by_id = {track.track_id: track for track in tracks}
    faces = []
    for face in index.faces:
        ids = tuple(new for old in face.track_ids for new in pieces.get(old, ()))
        if ids:
            best = max((by_id[i] for i in ids), key=lambda track: track.num_frames)
            faces.append(FaceGroup(face.face_id, ids, best_frame(best), best.track_id))
    return replace(index, tracks=tuple(tracks), faces=tuple(faces), thumbnail_frames={})


def _pieces(track: FaceTrack, index: FaceIndex, rng: np.random.Generator) -> Iterator[FaceTrack]:
    frame_s = index.timeline.median_frame_s
    is_kept = np.ones(track.num_frames, bool)
    mean_frames = max(1.0, sum(_CUT_S) / 2 / frame_s)
    for _ in range(rng.poisson(_CUT_SHARE * track.num_frames / mean_frames)):
        first = int(rng.integers(track.num_frames))
        is_kept[first : first + max(1, round(rng.uniform(*_CUT_S) / frame_s))] = False
    edges = np.diff(is_kept.astype(np.int8), prepend=0, append=0)
    starts, ends = np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist()
    for start, end in zip(starts, ends, strict=True):
        yield FaceTrack(0, track.first_frame + start, track.boxes[start:end], track.scores[start:end])
