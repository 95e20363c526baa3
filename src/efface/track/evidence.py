"""Which tracklets are faces, and what their boxes are once the whole track is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Boxes, areas
from efface.track.tracklet import FinishedTracklet


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """What a tracklet must show to count as a face; scores in [0, 1], sizes in pixels of the frame.

    The best looks are judged: a face turns away for most of the time and is sure for a moment. But a thing that
    resembles a face has many looks to reach a high score by chance, and a large true face is found surely sooner or
    later, so the demand grows with the number of looks, most for large faces.
    """

    best_share: float = 0.2
    """Share of the looks, at least three, whose mean score is judged."""
    base_score: float = 0.30
    """Mean score that a face seen twice needs."""
    many_looks_score: float = 0.02
    """Added to it for a face of any size that was seen ten times."""
    large_score: float = 0.16
    """Added to that for one whose longer side is ``large_px`` or more; less for smaller ones."""
    small_px: float = 20.0
    large_px: float = 80.0
    single_score: float = 0.6
    """A face seen once needs this; ``base_score`` is enough when it could be seen only once."""


def is_face(tracklet: FinishedTracklet, side_px: float, settings: EvidenceSettings) -> bool:
    """True when the detections of a tracklet, taken together, speak for a face of that longer side."""
    scores = np.sort(tracklet.hit_scores)[::-1]
    if len(scores) == 1:
        only_chance = tracklet.chances <= 1
        return bool(scores[0] >= (settings.base_score if only_chance else settings.single_score))
    best = scores[: max(3, round(settings.best_share * len(scores)))]
    looks = float(np.clip(np.log10(len(scores) - 1), 0, 1.3))
    largeness = float(np.clip((side_px - settings.small_px) / (settings.large_px - settings.small_px), 0, 1))
    needed = settings.base_score + looks * (settings.many_looks_score + largeness * settings.large_score)
    return float(best.mean()) >= needed


def settle(
    tracklets: Sequence[FinishedTracklet],
    frame_per_analysis_px: NDArray[np.float32],
    settings: EvidenceSettings,
) -> list[FinishedTracklet]:
    """The tracklets of one whole shot that are faces, each face once, in order of time. Settling twice is harmless.

    Args:
        tracklets: all tracklets of the shot.
        frame_per_analysis_px: (4,) what box edges are multiplied with to be pixels of the frame.
        settings: what speaks for a face.
    """
    faces = []
    for tracklet in tracklets:
        sides = tracklet.boxes * frame_per_analysis_px
        side_px = float(np.median((sides[:, 2:] - sides[:, :2]).max(axis=1)))
        if is_face(tracklet, side_px, settings):
            faces.append(tracklet)
    return drop_duplicates(faces)


def drop_duplicates(tracklets: Sequence[FinishedTracklet]) -> list[FinishedTracklet]:
    """Tracklets without those that lie on another, better seen one for most of their time."""
    kept: list[FinishedTracklet] = []
    for tracklet in sorted(tracklets, key=lambda t: (-len(t.hit_scores), t.key)):
        if not any(_lies_on(tracklet, other) for other in kept):
            kept.append(tracklet)
    return sorted(kept, key=lambda t: (t.first_frame, t.key))


def _lies_on(tracklet: FinishedTracklet, other: FinishedTracklet) -> bool:
    first = max(tracklet.first_frame, other.first_frame)
    end = min(tracklet.end_frame, other.end_frame)
    if end - first < 0.7 * len(tracklet.boxes):
        return False
    a = tracklet.boxes[first - tracklet.first_frame : end - tracklet.first_frame]
    b = other.boxes[first - other.first_frame : end - other.first_frame]
    shared = np.clip(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0, None).prod(axis=1)
    overlaps = shared / np.maximum(areas(a) + areas(b) - shared, 1e-9)
    return bool(np.mean(overlaps > 0.45) > 0.7)


def smooth_boxes(tracklet: FinishedTracklet, frame_s: float) -> Boxes:
    """Boxes of a tracklet with the detector's jitter taken out.

    Centres are smoothed over about 60 ms and sizes over 200 ms. The size never falls below 95 % of what was measured,
    so smoothing cannot bare the rim of a face that grows fast.
    """
    boxes = tracklet.boxes
    measured = boxes[:, 2:] - boxes[:, :2]
    centres = _gaussian((boxes[:, :2] + boxes[:, 2:]) / np.float32(2), 0.06 / frame_s)
    sizes = np.maximum(_gaussian(measured, 0.2 / frame_s), 0.95 * measured)
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
