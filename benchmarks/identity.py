"""How well tracks are grouped into people: photos with names as a slideshow, and one singer in two shots.

Run with ``make bench-identity``.
"""

import csv
import json
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import efface
from benchmarks.places import CACHE, shared
from benchmarks.report import Result, Table, save_result, verdict
from benchmarks.slideshow import Slide, make_slideshow
from efface.domain.geometry import iou
from efface.index.model import FaceIndex

TARGET_F1 = 0.95
_MIN_IOU = 0.3
_SHOTS_CLIP = "hamilton_whitehouse_4shots"
_SINGER, _FIRST_SHOT, _LATER_SHOT = "A", (0,), (144, 173)


@dataclass(frozen=True, slots=True)
class BCubed:
    """Mean over items: how pure the item's group is, and how much of its person's items the group holds."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.precision * self.recall / (self.precision + self.recall)


def b_cubed(groups: Sequence[int], people: Sequence[str]) -> BCubed:
    """Score a grouping: ``groups[i]`` is what the tool says of item ``i``, ``people[i]`` who it is."""
    group, (_, person) = np.asarray(groups), np.unique(people, return_inverse=True)
    is_together, is_same = group[:, None] == group[None, :], person[:, None] == person[None, :]
    both = (is_together & is_same).sum(axis=1)
    return BCubed(float(np.mean(both / is_together.sum(axis=1))), float(np.mean(both / is_same.sum(axis=1))))


def main() -> None:
    """Run both parts and keep the result."""
    result = Result("identity", "People", (_slideshow_table(), _shots_table()))
    save_result(result)
    print(result.markdown())


def _slideshow_table() -> Table:
    names = _read_names(shared("media", "identity", "identities.csv"))
    video = CACHE / "identity" / "slideshow.mp4"
    slides = make_slideshow([shared("media", "identity", file) for file in names], video)
    begun = time.perf_counter()
    index = efface.index(video).index
    seconds = time.perf_counter() - begun
    alone = [slide for slide in slides if len(names[slide.photo.name]) == 1]
    seen = [(names[slide.photo.name][0], faces[0]) for slide in alone if (faces := _faces_in(index, slide))]
    score = b_cubed([face_id for _, face_id in seen], [name for name, _ in seen])
    groups = {face_id for _, face_id in seen}
    rows = (
        ("B-cubed F1", verdict(score.f1, TARGET_F1, at_most=False, digits=3)),
        ("precision / recall", f"{score.precision:.3f} / {score.recall:.3f}"),
        ("photos of one person with a face found", f"{len(seen)} of {len(alone)}"),
        ("people / groups", f"{len({name for name, _ in seen})} / {len(groups)}"),
        ("faces of group photos under a right name", _group_photos(index, slides, names, seen)),
        ("time to index", f"{seconds:.1f} s for {index.timeline.num_frames} frames"),
    )
    note = "A photo counts by its largest face; group photos name nobody by place, so they test the ids."
    return Table("Slideshow of photos with names", ("what", "value"), rows, (note,))


def _group_photos(
    index: FaceIndex,
    slides: Sequence[Slide],
    names: Mapping[str, Sequence[str]],
    seen: Sequence[tuple[str, int]],
) -> str:
    """Faces of group photos whose id mostly goes with a person who is in that photo."""
    named: dict[int, Counter[str]] = defaultdict(Counter)
    for name, face_id in seen:
        named[face_id][name] += 1
    right = total = 0
    for slide in slides:
        present = names[slide.photo.name]
        if len(present) > 1:
            total += len(present)
            owners = {named[face].most_common(1)[0][0] for face in _faces_in(index, slide) if face in named}
            right += len(owners & set(present))
    return f"{right} of {total}"


def _faces_in(index: FaceIndex, slide: Slide) -> list[int]:
    """Face ids in the middle of a slide, largest face first."""
    found = _boxes_at(index, slide.middle_frame)
    return [face_id for box, face_id in sorted(found, key=lambda f: -float((f[0][2:] - f[0][:2]).prod()))]


def _boxes_at(index: FaceIndex, frame_index: int) -> list[tuple[NDArray[np.float32], int]]:
    face_of = {track_id: face.face_id for face in index.faces for track_id in face.track_ids}
    boxes = [(track.box_at(frame_index), face_of[track.track_id]) for track in index.tracks]
    return [(box, face_id) for box, face_id in boxes if box is not None]


def _shots_table() -> Table:
    labels = json.loads(shared("leakbench", "labels", f"{_SHOTS_CLIP}.json").read_text())
    index = efface.index(shared("media", "faces_video", labels["clip"])).index
    items: list[tuple[str, int, int]] = []
    for frame, content in labels["frames"].items():
        found = _boxes_at(index, int(frame))
        for label in content["faces"]:
            face_id = _matching(np.asarray(label["box"], np.float32), found)
            if face_id is not None:
                items.append((label["person"], int(frame), face_id))
    first = {face_id for person, frame, face_id in items if person == _SINGER and frame in _FIRST_SHOT}
    later = {face_id for person, frame, face_id in items if person == _SINGER and frame in _LATER_SHOT}
    is_one = len(first) == 1 and first == later
    score = b_cubed([face_id for *_, face_id in items], [person for person, *_ in items])
    rows = (
        ("the singer has one id in both shots", "yes" if is_one else f"**missed**: {first} and {later}"),
        (
            "labelled faces found",
            f"{len(items)} of {sum(len(c['faces']) for c in labels['frames'].values())}",
        ),
        ("B-cubed F1 (precision / recall)", f"{score.f1:.3f} ({score.precision:.3f} / {score.recall:.3f})"),
    )
    return Table(f"People across shots: {_SHOTS_CLIP}", ("what", "value"), rows)


def _matching(box: NDArray[np.float32], found: Sequence[tuple[NDArray[np.float32], int]]) -> int | None:
    """Face id of the box that lies on the labelled one best."""
    if not found:
        return None
    overlap = iou(box[None], np.stack([other for other, _ in found]))[0]
    best = int(overlap.argmax())
    return found[best][1] if overlap[best] >= _MIN_IOU else None


def _read_names(path: Path) -> dict[str, tuple[str, ...]]:
    """File name → the people in the photo."""
    with path.open(newline="") as file:
        return {row["file"]: tuple(row["identity"].split(";")) for row in csv.DictReader(file)}


if __name__ == "__main__":
    main()
