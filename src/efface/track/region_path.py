"""The way of a drawn box through one shot: followed from every key frame both ways, and put together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import iou
from efface.track.appearance import Edges
from efface.track.motion import Gray
from efface.track.region_follower import RegionFollower, Sighting, hull

_SAME_IOU = 0.5
"""Overlap from which two ways that meet are taken to follow the same thing."""


@dataclass(frozen=True, slots=True, eq=False)
class RegionPath:
    """Where a region is in consecutive frames."""

    first_frame: int
    boxes: NDArray[np.float64]
    """(n, 4) in pixels of the analysis pictures; those drawn are exact, the others a little larger."""
    lost_at: tuple[int, ...]
    """Frames from which on (in the direction followed) it was out of sight, in order."""


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """What one follower saw from one key frame on."""

    sightings: Mapping[int, Sighting]
    """By frame, without the key frame."""
    lost_at: int | None


def follow_through_shot(
    frames: range,
    keyframes: Sequence[tuple[int, Edges]],
    picture: Callable[[int], Gray],
    hold_frames: int,
    on_frame: Callable[[], None],
) -> RegionPath:
    """Follow a region through one shot.

    From the first key frame it is followed back, from the last one on, each to the end of ``frames`` or to where it
    is lost; there it is held and grown for ``hold_frames``. Between two key frames it is followed from both sides, and
    the two ways are blended so that each meets its own key frame; where both are lost, everything between is covered.

    Args:
        frames: of one shot, within which it is followed; of step 1.
        keyframes: frame and drawn box in pixels of the pictures, in order, all within ``frames``; at least one.
        picture: gives the gray analysis picture of a frame; asked for neighbours one after the other.
        hold_frames: how long a region that is out of sight is held.
        on_frame: called after each frame that was looked at.
    """

    def follow(keyframe: tuple[int, Edges], targets: range) -> _Way:
        return _follow(keyframe, targets, picture, hold_frames, on_frame)

    (first, first_box), (last, last_box) = keyframes[0], keyframes[-1]
    back = follow(keyframes[0], range(first - 1, frames.start - 1, -1))
    boxes = {frame: sighting.box for frame, sighting in back.sightings.items()} | {first: first_box}
    lost_at = [] if back.lost_at is None else [back.lost_at]
    for a, b in pairwise(keyframes):
        there = follow(a, range(a[0] + 1, b[0]))
        and_back = follow(b, range(b[0] - 1, a[0], -1))
        boxes |= dict(_between(a, b, there, and_back)) | {b[0]: b[1]}
        lost_at.extend(_out_of_sight(range(a[0] + 1, b[0]), there, and_back))
    on = follow(keyframes[-1], range(last + 1, frames.stop))
    boxes |= {frame: sighting.box for frame, sighting in on.sightings.items()} | {last: last_box}
    lost_at.extend([] if on.lost_at is None else [on.lost_at])
    ordered = sorted(boxes)
    return RegionPath(ordered[0], np.array([boxes[frame] for frame in ordered]), tuple(lost_at))


def num_steps(frames: range, keyframes: Sequence[int]) -> int:
    """How often ``on_frame`` is called at most."""
    between = keyframes[-1] - keyframes[0] - (len(keyframes) - 1)
    return (keyframes[0] - frames.start) + 2 * between + (frames.stop - 1 - keyframes[-1])


def _follow(
    keyframe: tuple[int, Edges],
    targets: range,
    picture: Callable[[int], Gray],
    hold_frames: int,
    on_frame: Callable[[], None],
) -> _Way:
    if not targets:
        return _Way({}, None)
    follower = RegionFollower(picture(keyframe[0]), keyframe[1], hold_frames)
    sightings: dict[int, Sighting] = {}
    lost_at: int | None = None
    for frame in targets:
        sightings[frame] = follower.advance(picture(frame))
        on_frame()
        if sightings[frame].is_sure:
            lost_at = None
        elif lost_at is None:
            lost_at = frame
        if follower.num_unsure >= hold_frames:
            break
    return _Way(sightings, lost_at)


def _between(
    a: tuple[int, Edges], b: tuple[int, Edges], there: _Way, and_back: _Way
) -> Iterator[tuple[int, Edges]]:
    """Boxes of the frames between two key frames, every one of which is covered."""
    everything = hull(_last_sure(a[1], there), _last_sure(b[1], and_back))
    for frame in range(a[0] + 1, b[0]):
        seen = [there.sightings.get(frame), and_back.sightings.get(frame)]
        sure = [each.box for each in seen if each is not None and each.is_sure]
        if len(sure) == 2:
            yield frame, _blended(sure[0], sure[1], (frame - a[0]) / (b[0] - a[0]))
        elif sure:
            yield frame, sure[0]
        else:
            held = everything
            for each in seen:
                held = held if each is None else hull(held, each.box)
            yield frame, held


def _blended(a: Edges, b: Edges, share: float) -> Edges:
    if float(iou(a[None], b[None])[0, 0]) < _SAME_IOU:
        # Which of the two is right is not known.
        return hull(a, b)
    return a + share * (b - a)


def _last_sure(drawn: Edges, way: _Way) -> Edges:
    return next((each.box for each in reversed(list(way.sightings.values())) if each.is_sure), drawn)


def _out_of_sight(frames: range, there: _Way, and_back: _Way) -> Iterator[int]:
    """The first frame of each span in which neither way is sure."""
    was_seen = True
    for frame in frames:
        seen = (there.sightings.get(frame), and_back.sightings.get(frame))
        is_seen = any(each is not None and each.is_sure for each in seen)
        if was_seen and not is_seen:
            yield frame
        was_seen = is_seen
