"""Drawn regions are followed through the video, before it is rendered."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from efface.domain.edits import DrawnRegion, Edits, FollowedRegion, LossReason, LostRegion
from efface.domain.geometry import Boxes
from efface.domain.track import Shot
from efface.edit.check import check_edits
from efface.index.box_columns import UNITS_PER_PX
from efface.index.model import FaceIndex
from efface.index.source import verify_source
from efface.media.frame_span import read_frame_span
from efface.pipeline.shot_frames import analysis_size, frame_per_analysis_px
from efface.ports import Progress
from efface.track.motion import Gray
from efface.track.region_path import RegionPath, follow_through_shot, num_steps

HOLD_S = 0.5
"""Seconds for which a region that is lost is held, and grows."""
_CACHE_BYTES = 96_000_000
"""Room for gray pictures: 185 of a wide video. Going back through a video, every picture is decoded after those before
it, so they must be kept a while."""


def follow_edits(path: Path, index: FaceIndex, edits: Edits, progress: Progress) -> Edits:
    """The edits with a path for every region that is to be followed and has none yet.

    Args:
        path: the video that index and edits are of.
        index: its time line and shots.
        edits: corrections, checked here.
        progress: hears ``"follow"`` after each frame; the total is that of all regions.

    Raises:
        IndexMismatchError: edits, index and video are not of one another.
        RequestError: the edits name what is not there.
        InputError: the video cannot be read.
        Cancelled: ``progress`` asked to stop.
    """
    check_edits(index, edits)
    waiting = [region for region in edits.regions if region.is_followed and region.path is None]
    if not waiting:
        return edits
    verify_source(index, path)
    counter = _Counter(progress, sum(_total(region, index) for region in waiting))
    paths = {region.region_id: _follow(path, index, region, counter) for region in waiting}
    regions = tuple(
        replace(region, path=paths[region.region_id]) if region.region_id in paths else region
        for region in edits.regions
    )
    return replace(edits, regions=regions)


def follow_region(
    path: Path, index: FaceIndex, region: DrawnRegion, progress: Progress
) -> tuple[FollowedRegion, ...]:
    """Follow what a region was drawn over, in every shot that holds one of its key frames.

    A drawn box says nothing about the shots before and after its own, so the path ends where the shot does, and says
    so. Only the frames that the way leads through are decoded.

    Args:
        path: the video that the index is of.
        index: its time line and shots.
        region: a region that is followed; a path that it has already is not looked at.
        progress: hears ``"follow"`` after each frame.

    Raises:
        IndexMismatchError: the video is not the one that the index was made from.
        InputError: the video cannot be read.
        Cancelled: ``progress`` asked to stop.
    """
    return _follow(path, index, region, _Counter(progress, _total(region, index)))


def _follow(
    path: Path, index: FaceIndex, region: DrawnRegion, counter: "_Counter"
) -> tuple[FollowedRegion, ...]:
    if not region.is_followed:
        raise ValueError(f"region {region.region_id} is fixed, so there is nothing to follow")
    per_px = frame_per_analysis_px(index.size).astype(np.float64)
    hold_frames = index.timeline.frames_within(HOLD_S)
    parts: list[FollowedRegion] = []
    spans = _spans(region, index)
    for frames in spans:
        counter.begin(num_steps(frames, _keyframes_in(region, frames)))
        drawn = [
            (each.frame_index, np.array(each.box) / per_px)
            for each in region.keyframes
            if each.frame_index in frames
        ]
        pictures = _GrayFrames(path, index, frames)
        found = follow_through_shot(frames, drawn, pictures.at, hold_frames, counter.step)
        counter.end()
        parts.append(_as_part(found, per_px))
    return tuple(_with_cuts(parts, spans, region))


def _as_part(found: RegionPath, per_px: NDArray[np.float64]) -> FollowedRegion:
    lost = tuple(LostRegion(frame, LossReason.SIGHT) for frame in found.lost_at)
    return FollowedRegion(found.first_frame, _outwards(found.boxes * per_px), lost)


def _outwards(boxes: NDArray[np.float64]) -> Boxes:
    """Boxes rounded to what an edits file can hold, so that a path is the same before and after it is saved."""
    # What was divided and multiplied again is off by the last bit, which must not become an eighth of a pixel.
    scaled = np.round(boxes * UNITS_PER_PX, 6)
    edges = np.concatenate([np.floor(scaled[:, :2]), np.ceil(scaled[:, 2:])], axis=1)
    return (edges / UNITS_PER_PX).astype(np.float32)


def _with_cuts(
    parts: Sequence[FollowedRegion], spans: Sequence[range], region: DrawnRegion
) -> list[FollowedRegion]:
    """The parts, each with the cuts that ended it; no cut where the next part takes over."""
    starts, ends = {part.first_frame for part in parts}, {part.end_frame for part in parts}
    told = []
    for part, span in zip(parts, spans, strict=True):
        keyframes = _keyframes_in(region, span)
        cuts = []
        is_seen_back = all(each.frame_index > keyframes[0] for each in part.lost)
        if is_seen_back and span.start > region.first_frame and span.start not in ends:
            cuts.append(LostRegion(span.start - 1, LossReason.CUT))
        is_seen_on = all(each.frame_index < keyframes[-1] for each in part.lost)
        if is_seen_on and span.stop < region.end_frame and span.stop not in starts:
            cuts.append(LostRegion(span.stop, LossReason.CUT))
        told.append(replace(part, lost=tuple(sorted((*part.lost, *cuts), key=lambda each: each.frame_index))))
    return told


def _spans(region: DrawnRegion, index: FaceIndex) -> list[range]:
    """The part of each shot that the region is to be followed through: those with a key frame."""
    spans = []
    for shot in _shots(index):
        span = range(max(shot.first_frame, region.first_frame), min(shot.end_frame, region.end_frame))
        if _keyframes_in(region, span):
            spans.append(span)
    return spans


def _keyframes_in(region: DrawnRegion, frames: range) -> list[int]:
    return [drawn.frame_index for drawn in region.keyframes if drawn.frame_index in frames]


def _shots(index: FaceIndex) -> list[Shot]:
    """The shots, and what lies between them: indexes of other makers have gaps, or no shots at all."""
    shots: list[Shot] = []
    end = 0
    for shot in (*index.shots, None):
        start = index.timeline.num_frames if shot is None else shot.first_frame
        if start > end:
            shots.append(Shot(end, start))
        if shot is not None:
            shots.append(shot)
            end = shot.end_frame
    return shots


def _total(region: DrawnRegion, index: FaceIndex) -> int:
    return sum(num_steps(span, _keyframes_in(region, span)) for span in _spans(region, index))


class _GrayFrames:
    """The gray analysis pictures of a span, decoded some at a time and kept until others are asked for."""

    def __init__(self, path: Path, index: FaceIndex, frames: range) -> None:
        self._path = path
        self._timeline = index.timeline
        self._frames = frames
        self._size = analysis_size(index.size)
        self._num_kept = max(8, _CACHE_BYTES // (self._size.width * self._size.height))
        self._kept: dict[int, Gray] = {}

    def at(self, frame_index: int) -> Gray:
        """(h, w) uint8 picture of a frame of the span."""
        if frame_index not in self._kept:
            self._kept.clear()
            start = self._frames.start + (frame_index - self._frames.start) // self._num_kept * self._num_kept
            chunk = range(start, min(start + self._num_kept, self._frames.stop))
            for i, frame in read_frame_span(self._path, self._timeline, chunk):
                self._kept[i] = frame.gray(self._size)
        return self._kept[frame_index]


class _Counter:
    """Makes one count of all that is followed; a way that ends early counts as gone to its end."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = self._target = 0

    def begin(self, num_steps: int) -> None:
        """So many steps follow at most."""
        self._target = self._done + num_steps

    def step(self) -> None:
        """One more frame was looked at."""
        self._done += 1
        self._progress.report("follow", self._done, self._total)

    def end(self) -> None:
        """No more of the steps that were begun."""
        if self._done < self._target:
            self._done = self._target
            self._progress.report("follow", self._done, self._total)
