"""From the signs of an index to its risks: weighing, merging, and a list that a person can work off."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from efface.index.model import FaceIndex
from efface.index.risk.crowd import moments_of_crowds
from efface.index.risk.ends import moments_of_ends
from efface.index.risk.model import MAX_RISKS, Risk, RiskReason
from efface.index.risk.moments import NO_TRACK, REASONS, Moments, concatenate
from efface.index.risk.rows import Floats, Ints, TrackRows, collect_rows
from efface.index.risk.signs import moments_of_rows

_WEIGHTS: Mapping[RiskReason, float] = {
    # Percentages: how many of the risks with this reason showed a face bare within 0.1 s, in indexes that were
    # worsened on purpose (benchmarks/risk.py). Weights are lower where a reason mostly comes with a weightier one.
    RiskReason.GAP: 0.9,  # 91 %: nothing is drawn there, and the face is on both sides
    RiskReason.ENDS_IN_VIEW: 0.7,  # 81 %: faces rarely vanish; those that turn away are the rest
    RiskReason.STARTS_IN_VIEW: 0.5,  # 58 %: starts are traced back, so fewer come too late
    RiskReason.CARRIED: 0.35,  # 35 %: motion mostly holds on to the face
    RiskReason.OCCLUSION: 0.3,  # 75 %, but hardly ever without an end in view, which counts by itself
    RiskReason.CUT: 0.3,  # 46 %, but 0 and 75 % in two halves of the clips; mostly beside a start or end
    RiskReason.ABSENCE: 0.3,  # 1 of 4: too few to tell
    RiskReason.BRIEF: 0.25,  # 57 %, mostly beside a start and an end
    RiskReason.UNSURE: 0.2,  # 31 %, and the commonest of all
    RiskReason.SMALL: 0.15,  # 34 %, but 17 and 89 % in two halves of the clips
    RiskReason.FAST: 0.1,  # 8 %: masks are wide, and searches many
    RiskReason.CROWD: 0.1,  # whom a crowd hides leaves no sign of its own, so it cannot be measured here
    RiskReason.GROWTH: 0.06,  # none of 3; kept, because a mask that lags behind bares the rim
}
"""How much each reason tells at full strength, in [0, 1]."""

_MIN_SCORE = 0.05
"""What scores less is not worth a look."""
_MIN_SHARE = 0.03
"""Weight times strength from which a reason is named."""
_MERGE_S = 0.5
"""Moments of one track that are this near to each other are seen in one look."""
_MAX_CANDIDATES = 5000
"""Moments that are merged; many more than are listed, and few enough for a loop."""
_MAX_PER_SECOND = 2
"""Risks of different faces in one second: a still shows the whole picture."""
_SCENE_S, _MAX_PER_SCENE = 30.0, 10
"""A bad scene of half a minute may take so many places as long as other scenes wait."""


def find_risks(index: FaceIndex) -> tuple[Risk, ...]:
    """The moments at which a face is most likely bare or badly covered, the worst first.

    No picture is opened, so it takes milliseconds: the signs are how tracks end, start, move and score.

    Returns:
        At most ``MAX_RISKS``, at most two of any second of the video.
    """
    if not index.tracks:
        return ()
    rows = collect_rows(index)
    weights = np.array([_WEIGHTS[reason] for reason in REASONS], np.float32)
    found = concatenate([moments_of_ends(rows), moments_of_rows(rows, _WEIGHTS), moments_of_crowds(rows)])
    return tuple(_risk(draft, rows, weights) for draft in _spread(_merged(found, rows, weights)))


@dataclass(slots=True)
class _Draft:
    """A moment while others are merged into it."""

    frame: int
    first: int
    end: int
    track: int
    box: tuple[float, float, float, float]
    signs: Floats
    """(len(REASONS),)"""
    seconds: float
    """Of its frame."""
    score: float


def _scores(signs: Floats, weights: Floats) -> Floats:
    """Chance that at least one of the reasons is right, taking them for independent; ``signs`` (reasons, m)."""
    return np.asarray(1 - np.prod(1 - weights[:, None] * signs, axis=0), np.float32)


def _merged(moments: Moments, rows: TrackRows, weights: Floats) -> list[_Draft]:
    """Moments of one track within ``_MERGE_S`` as one, which shows the frame of the worst of them."""
    scores = _scores(moments.signs, weights)
    order = np.lexsort((moments.track, moments.frame, -scores))
    order = order[scores[order] >= _MIN_SCORE][:_MAX_CANDIDATES]
    # By track and half second, so that a draft is compared with the few that may be near it.
    places: dict[tuple[int, int], _Draft] = {}
    for draft in _drafts(moments, order, rows, scores):
        slot = int(draft.seconds / _MERGE_S)
        around = (places.get((draft.track, slot + step)) for step in (-1, 0, 1))
        near = next((d for d in around if d and abs(d.seconds - draft.seconds) <= _MERGE_S), None)
        if near is None:
            places[draft.track, slot] = draft
            continue
        near.first, near.end = min(near.first, draft.first), max(near.end, draft.end)
        near.signs = np.maximum(near.signs, draft.signs)
    drafts = list(places.values())
    if drafts:
        together = _scores(np.stack([draft.signs for draft in drafts], axis=1), weights).tolist()
        for draft, score in zip(drafts, together, strict=True):
            draft.score = score
    return sorted(drafts, key=lambda draft: (-draft.score, draft.frame, draft.track))


def _drafts(moments: Moments, order: Ints, rows: TrackRows, scores: Floats) -> list[_Draft]:
    columns = zip(
        moments.frame[order].tolist(),
        moments.first[order].tolist(),
        moments.end[order].tolist(),
        moments.track[order].tolist(),
        map(tuple, moments.boxes[order].tolist()),
        moments.signs[:, order].T,
        rows.seconds[moments.frame[order]].tolist(),
        scores[order].tolist(),
        strict=True,
    )
    return [_Draft(*values) for values in columns]


def _spread(drafts: list[_Draft]) -> list[_Draft]:
    """The worst of them, from all over the video, in order of risk."""
    per_second: Counter[int] = Counter()
    per_scene: Counter[int] = Counter()
    chosen: list[_Draft] = []
    waiting: list[_Draft] = []
    for draft in drafts:
        second, scene = int(draft.seconds), int(draft.seconds / _SCENE_S)
        if per_second[second] == _MAX_PER_SECOND:
            continue
        per_second[second] += 1
        per_scene[scene] += 1
        (chosen if per_scene[scene] <= _MAX_PER_SCENE else waiting).append(draft)
    chosen = [*chosen, *waiting][:MAX_RISKS]
    return sorted(chosen, key=lambda draft: (-draft.score, draft.frame, draft.track))


def _risk(draft: _Draft, rows: TrackRows, weights: Floats) -> Risk:
    shares = weights * draft.signs
    named = [i for i in np.argsort(-shares, kind="stable").tolist() if shares[i] >= _MIN_SHARE]
    is_of_track = draft.track != NO_TRACK
    return Risk(
        frame_index=draft.frame,
        first_frame=draft.first,
        end_frame=draft.end,
        score=min(1.0, draft.score),
        reasons=tuple(REASONS[i] for i in named) or (REASONS[int(shares.argmax())],),
        track_id=int(rows.track_ids[draft.track]) if is_of_track else None,
        face_id=int(rows.face_ids[draft.track]) if is_of_track else None,
        box=draft.box,
    )
