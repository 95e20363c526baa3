"""Which tracklets are faces, and what their boxes are once the whole track is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Boxes, iou
from efface.track.tracklet import Tracklet


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """What a tracklet must show to count as a face; scores in [0, 1]."""

    sure_score: float = 0.5
    """A face seen at least twice needs one look of this confidence …"""
    steady_score: float = 0.32
    """… or a mean of this over its three best looks."""
    single_score: float = 0.6
    """A face seen once needs this; when it could be seen only once, ``sure_score`` is enough."""
    min_hit_ratio: float = 0.25
    """Share of the searches that found the face, for faces that were never sure."""


def is_face(tracklet: Tracklet, settings: EvidenceSettings) -> bool:
    """True when the detections of a tracklet, taken together, speak for a face."""
    scores = sorted(tracklet.hit_scores, reverse=True)
    best, hits, ratio = scores[0], len(scores), len(scores) / max(1, tracklet.chances)
    if hits == 1:
        only_chance = tracklet.chances + tracklet.pending_chances <= 1
        return best >= (settings.steady_score if only_chance else settings.single_score)
    top = (scores + [0.0])[:3]
    return best >= settings.sure_score or (
        sum(top) / len(top) >= settings.steady_score and ratio >= settings.min_hit_ratio
    )


def drop_duplicates(tracklets: Sequence[Tracklet]) -> list[Tracklet]:
    """Tracklets without those that lie on another, better seen one for most of their time."""
    kept: list[Tracklet] = []
    for tracklet in sorted(tracklets, key=lambda t: (-len(t.hit_scores), t.key)):
        if not any(_lies_on(tracklet, other) for other in kept):
            kept.append(tracklet)
    return sorted(kept, key=lambda t: (t.first_frame, t.key))


def _lies_on(tracklet: Tracklet, other: Tracklet) -> bool:
    first = max(tracklet.first_frame, other.first_frame)
    end = min(tracklet.last_frame, other.last_frame) + 1
    if end - first < 0.7 * len(tracklet.boxes):
        return False
    a = np.stack(tracklet.boxes[first - tracklet.first_frame : end - tracklet.first_frame])
    b = np.stack(other.boxes[first - other.first_frame : end - other.first_frame])
    overlaps = np.array([iou(p[None], q[None])[0, 0] for p, q in zip(a, b, strict=True)])
    return bool(np.mean(overlaps > 0.45) > 0.7)


def smooth_boxes(tracklet: Tracklet, frame_s: float) -> Boxes:
    """Boxes of a tracklet with the detector's jitter taken out.

    Centres are smoothed over about 60 ms and sizes over 200 ms. The size never falls below 95 % of what was measured,
    so smoothing cannot bare the rim of a face that grows fast.
    """
    boxes = np.stack(tracklet.boxes).astype(np.float32)
    centres, sizes = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    centres = _gaussian(centres, 0.06 / frame_s)
    sizes = np.maximum(_gaussian(sizes, 0.2 / frame_s), 0.95 * sizes)
    return np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1).astype(np.float32)


def _gaussian(rows: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Columns smoothed along time; the ends are mirrored through their own value, so that motion is not held back."""
    if sigma < 0.3 or len(rows) < 3:
        return rows
    reach = min(len(rows) - 1, max(1, round(3 * sigma)))
    head = 2 * rows[0] - rows[reach:0:-1]
    tail = 2 * rows[-1] - rows[-2 : -2 - reach : -1]
    padded = np.concatenate([head, rows, tail])
    kernel = cv2.getGaussianKernel(2 * reach + 1, sigma).ravel()
    smooth = np.stack([np.convolve(column, kernel, mode="valid") for column in padded.T], axis=1)
    return np.asarray(smooth, np.float32)
