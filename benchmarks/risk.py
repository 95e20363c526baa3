"""How soon a person who looks at the risks of an index finds its leaks.

``python -m benchmarks.risk`` worsens the index of each labelled clip on purpose (``benchmarks.degraded``), works out
what its masks leave bare, and counts how much of that the worst risks of all clips together show.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.degraded import NO_WEAKNESS, WEAKNESSES, cut_tracks, index_weakly
from benchmarks.places import CACHE, shared
from benchmarks.report import Result, Table, save_result
from efface.domain.geometry import Size
from efface.domain.redaction import RedactionRequest
from efface.index.model import FaceIndex
from efface.index.risk import Risk, find_risks
from efface.plan import Region, Shape, plan_redaction

_COVERED = 0.9
"""Share of the ellipse in a face's box that must lie under masks; leakbench's own limit."""
_LOOKS = (10, 20, 50)
"""Stills that are looked at, of all clips together."""
_NEAR_S = 0.5
"""A labelled leak is found by a still this near; labels are sparse, so a whole episode has one or two."""
_LEAD_S = 0.1
"""An episode is found by a still in it or this shortly before: half of what one sees of a moving picture at once."""
_JOIN_S = 0.2
"""Bare frames of one face with a shorter pause between them are one episode."""
_DRAWS = 100
_SEEDS = (1, 2, 3)

Still = tuple[int, int]
"""Clip and frame."""


@dataclass(frozen=True, slots=True)
class Episode:
    """Frames in which one face of a clip is bare."""

    clip: int
    first_frame: int
    end_frame: int
    has_sign: bool
    """False where the face is bare for as long as it is in view: the index does not know of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Worsened:
    """One clip with a worsened index."""

    sound: FaceIndex
    seconds: NDArray[np.float64]
    risks: tuple[Risk, ...]
    episodes: tuple[Episode, ...]
    labelled: tuple[int, ...]
    """Frames of labelled faces that are bare, one for each face."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.risk", description=__doc__)
    parser.add_argument("--work", type=Path, default=CACHE / "risk", help="folder for the indexes; kept")
    work = parser.parse_args(arguments).work
    labels = [json.loads(path.read_text()) for path in sorted(shared("leakbench", "labels").glob("*.json"))]
    sets = dict(_worsened_sets(labels, work))
    result = Result("risk", "Risks", (_recall_table(sets), _reason_table(sets)))
    print(result.markdown())
    save_result(result)


def _worsened_sets(labels: Sequence[dict[str, Any]], work: Path) -> Iterator[tuple[str, list[Worsened]]]:
    """Name of each way to worsen, and all clips worsened so."""
    clips = [shared("media", "faces_video", entry["clip"]) for entry in labels]
    sound = [index_weakly(clip, NO_WEAKNESS, work / "sound" / clip.stem) for clip in clips]
    for seed in _SEEDS:
        cut = [cut_tracks(index, 1000 * seed + number) for number, index in enumerate(sound)]
        yield f"stretches cut out of tracks ({seed})", _worsened(sound, cut, labels)
    for weakness in WEAKNESSES:
        folder = work / weakness.name.replace(" ", "-")
        weak = [index_weakly(clip, weakness, folder / clip.stem) for clip in clips]
        yield f"detector {weakness.name}", _worsened(sound, weak, labels)


def _worsened(
    sound: Sequence[FaceIndex], worse: Sequence[FaceIndex], labels: Sequence[dict[str, Any]]
) -> list[Worsened]:
    return [
        Worsened(
            one,
            _seconds(one),
            find_risks(other),
            tuple(_episodes(number, one, other)),
            tuple(_labelled_leaks(other, entry)),
        )
        for number, (one, other, entry) in enumerate(zip(sound, worse, labels, strict=True))
    ]


def _seconds(index: FaceIndex) -> NDArray[np.float64]:
    ticks = np.append(index.timeline.pts, index.timeline.end_pts) - index.timeline.pts[0]
    return np.asarray(ticks * float(index.timeline.time_base), np.float64)


def _episodes(clip: int, sound: FaceIndex, worse: FaceIndex) -> Iterator[Episode]:
    """What is bare of the faces of the sound index, of which leakbench finds every labelled one covered."""
    plan, seconds = plan_redaction(worse, RedactionRequest()), _seconds(sound)
    for track in sound.tracks:
        frames = range(track.first_frame, track.end_frame)
        bare = [
            f for f in frames if _share(track.boxes[f - frames[0]], plan.regions_at(f), sound.size) < _COVERED
        ]
        runs: list[list[int]] = []
        for frame in bare:
            if runs and seconds[frame] - seconds[runs[-1][-1] + 1] <= _JOIN_S:
                runs[-1].append(frame)
            else:
                runs.append([frame])
        for run in runs:
            yield Episode(clip, run[0], run[-1] + 1, len(bare) < track.num_frames)


def _labelled_leaks(index: FaceIndex, labels: dict[str, Any]) -> Iterator[int]:
    plan = plan_redaction(index, RedactionRequest())
    for frame, entry in labels["frames"].items():
        for face in entry["faces"]:
            box = np.asarray(face["box"], np.float32)
            if _share(box, plan.regions_at(int(frame)), index.size) < _COVERED:
                yield int(frame)


def _share(box: NDArray[np.float32], regions: Sequence[Region], size: Size) -> float:
    """Share of the ellipse in a box that lies under masks, as far as it is in the picture."""
    points = _DISC * ((box[2:] - box[:2]) / 2) + (box[:2] + box[2:]) / 2
    points = points[((points >= 0) & (points < [size.width, size.height])).all(axis=1)]
    is_covered = np.zeros(len(points), bool)
    for region in regions:
        corners = np.asarray(region.box, np.float32)
        away = np.abs(points - (corners[:2] + corners[2:]) / 2) / ((corners[2:] - corners[:2]) / 2)
        is_box = region.shape is Shape.BOX
        is_covered |= away.max(axis=1) <= 1 if is_box else (away**2).sum(axis=1) <= 1
    return float(is_covered.mean()) if len(points) else 1.0


def _disc() -> NDArray[np.float32]:
    line = np.linspace(-1, 1, 25)
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    return np.asarray(grid[(grid**2).sum(axis=1) <= 1], np.float32)


_DISC = _disc()
"""(n, 2) points spread evenly over the unit disc."""


def _recall_table(sets: Mapping[str, list[Worsened]]) -> Table:
    columns = ("worsened by", "episodes", "no sign", *(f"found by {n}" for n in _LOOKS),
               "labelled leaks", *(f"near {n}" for n in _LOOKS))  # fmt: skip
    rows = tuple(_recall_row(name, clips) for name, clips in sets.items())
    notes = (
        "Looked at are the worst risks of all clips together; in brackets what as many stills at random find, mean "
        f"of {_DRAWS} draws. Episodes without a sign are faces that the index does not know at all; they are left out "
        "of what is found. Labelled leaks include them.",
    )
    return Table("Leaks that the first stills show", columns, rows, notes)


def _recall_row(name: str, clips: Sequence[Worsened]) -> tuple[str, ...]:
    episodes = [episode for clip in clips for episode in clip.episodes if episode.has_sign]
    num_signless = sum(not episode.has_sign for clip in clips for episode in clip.episodes)
    labelled = [(number, frame) for number, clip in enumerate(clips) for frame in clip.labelled]
    ranked = sorted(
        (-risk.score, number, risk.frame_index) for number, clip in enumerate(clips) for risk in clip.risks
    )
    stills = [(number, frame) for _, number, frame in ranked]
    draws = [_random_stills(clips, max(_LOOKS), seed) for seed in range(_DRAWS)]
    found, near = [], []
    for count in _LOOKS:
        chance = [_found(episodes, draw[:count], clips) for draw in draws]
        found.append(_cell(_found(episodes, stills[:count], clips), chance))
        chance = [_near(labelled, draw[:count], clips) for draw in draws]
        near.append(_cell(_near(labelled, stills[:count], clips), chance))
    return (name, str(len(episodes)), str(num_signless), *found, str(len(labelled)), *near)


def _cell(share: float, chance: Sequence[float]) -> str:
    return f"{100 * share:.0f} % ({100 * float(np.mean(chance)):.0f} %)"


def _random_stills(clips: Sequence[Worsened], count: int, seed: int) -> list[Still]:
    """Frames drawn evenly over the time of all clips."""
    frames = [(number, frame) for number, clip in enumerate(clips) for frame in range(len(clip.seconds) - 1)]
    lasting = np.concatenate([np.diff(clip.seconds) for clip in clips])
    chosen = np.random.default_rng(seed).choice(len(frames), count, p=lasting / lasting.sum())
    return [frames[i] for i in chosen.tolist()]


def _found(episodes: Sequence[Episode], stills: Sequence[Still], clips: Sequence[Worsened]) -> float:
    """Share of the episodes that a still shows."""
    shown = [any(_shows(still, episode, clips) for still in stills) for episode in episodes]
    return float(np.mean(shown)) if shown else 0.0


def _shows(still: Still, episode: Episode, clips: Sequence[Worsened]) -> bool:
    number, frame = still
    seconds = clips[episode.clip].seconds
    first = seconds[episode.first_frame] - _LEAD_S
    return number == episode.clip and bool(first <= seconds[frame] < seconds[episode.end_frame])


def _near(leaks: Sequence[Still], stills: Sequence[Still], clips: Sequence[Worsened]) -> float:
    """Share of the labelled leaks that have a still nearby."""
    is_near = [
        any(
            number == clip and abs(clips[clip].seconds[frame] - clips[clip].seconds[leak]) <= _NEAR_S
            for number, frame in stills
        )
        for clip, leak in leaks
    ]
    return float(np.mean(is_near)) if is_near else 0.0


def _reason_table(sets: Mapping[str, list[Worsened]]) -> Table:
    total: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for clips in sets.values():
        for number, clip in enumerate(clips):
            for risk in clip.risks:
                is_right = any(
                    _shows((number, risk.frame_index), episode, clips) for episode in clip.episodes
                )
                total.update(reason.value for reason in risk.reasons)
                right.update(reason.value for reason in risk.reasons if is_right)
    ranked = sorted(total, key=lambda reason: (-right[reason] / total[reason], reason))
    rows = tuple(
        (reason, str(total[reason]), f"{100 * right[reason] / total[reason]:.0f} %") for reason in ranked
    )
    return Table("How often a reason is right", ("reason", "risks", "show a bare face"), rows)


if __name__ == "__main__":
    main()
