"""Following what a person drew a box over, from one frame to the next, and noticing when it is lost."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from efface.track.appearance import Edges, Template, scaled
from efface.track.motion import Gray, follow_points, grid_points

_NEAR = 0.12
"""How far from where motion has carried the box it is looked for, in sides of the box."""
_FAR = 0.6
"""The same while it is lost."""
_ALIKE, _FAINTLY_ALIKE = 0.55, 0.35
"""Likeness from which the box is believed; and believed if the motion could be followed well."""
_DROP = 0.6
"""Likeness over the usual one below which something else has come in its place; a background that stands still is
followed well too."""
_FOUND_AGAIN, _FOUND_AGAIN_SHARE = 0.6, 0.85
"""Likeness, and share of the usual one, from which what was lost is taken for found again."""
_USUAL_RATE = 0.1
"""Weight of the last likeness in the usual one."""
_TRUSTED_MOTION = 0.5
"""Share of points followed there and back from which the motion could be followed well."""
_WHOLE = 0.98
"""Share of the box in view from which it is pulled and learnt: a part would be pulled into the picture."""
_ANCHORED = 0.85
"""Likeness to the drawn box itself from which it pulls the box back into place."""
_PULL = 0.3
"""Share of the way that one frame pulls."""
_LEARN_ALIKE, _LEARN_RATE = 0.6, 0.05
"""Likeness from which, and rate by which the present look is learnt: one that is learnt at once learns what comes in
front of it too."""
_MIN_VISIBLE = 0.1
"""Share of the box below which it has left the picture."""
_MIN_SIDE_PX = 2.0
_GRID, _MIN_POINTS = 7, 5
"""Points per side that are followed, and how many of them the motion must stand on."""
_STRAY_PX, _STRAY_SHARE = 1.5, 0.03
"""How far a point may stray from the common shift, in pixels or as a share of the box, and count for the zoom."""
_MAX_SHRINK_PER_HOLD = 0.93
"""Least size after ``hold_frames`` over the size before: a box that slips onto a detail of what it should cover shrinks
fast, and what goes away does not."""
_PADDING = 0.6
"""How much larger the box given out is, for each unit by which it is unlike the drawn one. Measured on 27 faces of 13
clips, followed from the first label to the last: with it, 91 % of the labelled faces are covered to nine tenths or
more, without it 65 %."""
_TEXTURE_PX, _MIN_TEXTURE = 6, 6
"""Reach around a point in pixels, and steps of gray between the darkest and the brightest in it, to be followed."""
_MAX_ZOOM = 1.06
"""From one frame to the next."""
_SPEED_SHARE = 0.3
"""Weight of the last step in the speed."""
_GROWTH = 1.0
"""Sides by which a box that is lost has grown when it is given up."""


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """Where the region is in one frame."""

    box: Edges
    """While it is not sure: a larger box, which covers where it was and where it was heading."""
    is_sure: bool


class RegionFollower:
    """Follows one box, in either direction of time, on gray analysis pictures.

    Motion carries the box from frame to frame; the picture of it at the key frame, and a slowly learnt one, tell
    whether it is still there, and the former pulls it back where it drifts.
    """

    def __init__(self, gray: Gray, box: Edges, hold_frames: int) -> None:
        """
        Args:
            gray: (h, w) uint8, the key frame.
            box: the drawn box in pixels of it.
            hold_frames: how many frames in a row may be unsure; the box grows all the while.
        """
        self._gray = gray
        self._box = np.asarray(box, np.float64)
        self._anchor, self._recent = Template(gray, self._box), Template(gray, self._box)
        self._usual = 1.0
        self._speed = np.zeros(2)
        self._hold_frames = max(1, hold_frames)
        self._max_shrink = _MAX_SHRINK_PER_HOLD ** (1 / self._hold_frames)
        self._num_unsure = 0
        self._last_sure = self._box
        self._doubt = 0.0

    @property
    def num_unsure(self) -> int:
        """How many of the last frames in a row were unsure."""
        return self._num_unsure

    def advance(self, gray: Gray) -> Sighting:
        """Find the region in the next frame."""
        moved, trust = _carried(self._gray, gray, self._box)
        self._gray = gray
        found = self._found(gray, moved, trust)
        if found is None and self._num_unsure:
            found = self._found_again(gray)
        if found is not None:
            self._settle(found)
            return Sighting(scaled(found, 1 + _PADDING * self._doubt), True)
        self._num_unsure += 1
        # What motion says is not believed, but it is covered.
        self._box = moved if _is_near(moved, self._last_sure) else self._last_sure
        return Sighting(self._held(), False)

    def _found(self, gray: Gray, moved: Edges, trust: float) -> Edges | None:
        """The box in this frame where it can be believed, pulled towards the look of the key frame."""
        visible = _visible_share(moved, gray)
        if visible < _MIN_VISIBLE or (moved[2:] - moved[:2]).min() < _MIN_SIDE_PX:
            return None
        anchor, recent = (each.find(gray, moved, _NEAR) for each in (self._anchor, self._recent))
        likeness = max(anchor.likeness, recent.likeness)
        if likeness < self._least_likeness(trust):
            return None
        self._doubt = 1 - max(0.0, anchor.likeness)
        self._usual += _USUAL_RATE * (likeness - self._usual)
        if visible < _WHOLE:
            return moved
        best = anchor if anchor.likeness >= min(_ANCHORED, recent.likeness) else recent
        # In what is plain, there is no motion to be followed.
        pull = 1.0 if self._anchor.is_plain else _PULL
        box = _not_shrunk(moved + pull * (best.box - moved), self._box, self._max_shrink)
        if likeness >= _LEARN_ALIKE:
            self._recent.learn(gray, box, _LEARN_RATE)
        return box

    def _least_likeness(self, trust: float) -> float:
        if self._num_unsure:
            return max(_FOUND_AGAIN, _FOUND_AGAIN_SHARE * self._usual)
        return max(_FAINTLY_ALIKE if trust >= _TRUSTED_MOTION else _ALIKE, _DROP * self._usual)

    def _found_again(self, gray: Gray) -> Edges | None:
        ahead = self._last_sure + np.tile(self._speed * self._num_unsure, 2)
        finds = [
            template.find(gray, where, _FAR)
            for template in (self._anchor, self._recent)
            for where in (self._last_sure, ahead)
        ]
        best = max(finds, key=lambda find: find.likeness)
        return best.box if best.likeness >= self._least_likeness(0) else None

    def _settle(self, box: Edges) -> None:
        if not self._num_unsure:
            step = ((box[:2] + box[2:]) - (self._last_sure[:2] + self._last_sure[2:])) / 2
            self._speed = (1 - _SPEED_SHARE) * self._speed + _SPEED_SHARE * step
        self._num_unsure = 0
        self._box = self._last_sure = box

    def _held(self) -> Edges:
        """Where it was, where it was heading and where motion says it is, and more with every frame."""
        ahead = self._last_sure + np.tile(self._speed * self._num_unsure, 2)
        factor = 1 + _GROWTH * min(1.0, self._num_unsure / self._hold_frames)
        return scaled(hull(hull(self._last_sure, ahead), self._box), factor)


def hull(a: Edges, b: Edges) -> Edges:
    """The smallest box around two."""
    return np.concatenate([np.minimum(a[:2], b[:2]), np.maximum(a[2:], b[2:])])


def _carried(source: Gray, target: Gray, box: Edges) -> tuple[Edges, float]:
    """The box where the motion of its content takes it, and the share of the points that could be followed."""
    starts = grid_points(box.astype(np.float32)[None], source.shape, _GRID)
    arrived, good = follow_points(source, target, starts)
    good &= _has_texture(source, starts)
    trust = float(good.mean())
    before, after = starts[0][good[0]].astype(np.float64), arrived[0][good[0]].astype(np.float64)
    if len(before) < _MIN_POINTS:
        return box, trust
    shift = np.median(after - before, axis=0)
    centre = np.median(before, axis=0)
    from_centre, to_centre = before - centre, after - centre - shift
    stray = np.abs(to_centre - from_centre).max(axis=1)
    fits = stray <= max(_STRAY_PX, _STRAY_SHARE * float((box[2:] - box[:2]).max()))
    spread = float((from_centre[fits] ** 2).sum())
    # Fitted to where the points came from: the ratio of two spreads would grow with every error of a point.
    scale = float((from_centre[fits] * to_centre[fits]).sum()) / spread if spread > 1 else 1.0
    scale = min(max(scale, 1 / _MAX_ZOOM), _MAX_ZOOM)
    return (box - np.tile(centre, 2)) * scale + np.tile(centre + shift, 2), trust


def _has_texture(gray: Gray, points: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(n, m) whether there is anything around points (n, m, 2) to be followed: what is plain seems to stand still."""
    contrast = np.zeros(points.shape[:2], bool)
    for where in np.ndindex(*contrast.shape):
        x, y = points[where].astype(int)
        around = gray[
            max(0, y - _TEXTURE_PX) : y + _TEXTURE_PX + 1, max(0, x - _TEXTURE_PX) : x + _TEXTURE_PX + 1
        ]
        contrast[where] = np.ptp(around) >= _MIN_TEXTURE
    return contrast


def _not_shrunk(box: Edges, before: Edges, max_shrink: float) -> Edges:
    """The box, grown where it would have shrunk faster than things go away."""
    shrunk = float((box[2:] - box[:2]).min() / (before[2:] - before[:2]).min())
    return scaled(box, max(1.0, max_shrink / shrunk))


def _is_near(moved: Edges, last: Edges) -> bool:
    """Whether a box that may have been carried off by something else still lies about where it was lost."""
    sides = last[2:] - last[:2]
    shift = np.abs((moved[:2] + moved[2:]) - (last[:2] + last[2:])) / 2
    ratio = (moved[2:] - moved[:2]) / sides
    return bool(np.all(shift <= sides) and np.all((ratio > 0.5) & (ratio < 2)))


def _visible_share(box: Edges, gray: Gray) -> float:
    height, width = gray.shape
    inside = np.clip(box[2:], 0, [width, height]) - np.clip(box[:2], 0, [width, height])
    whole = box[2:] - box[:2]
    return float(inside.prod() / max(1e-9, float(whole.prod())))
