"""The page blends a moved box as the engine does: the same cases through both."""

import json
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from efface.domain.edits import MovedBox
from efface.domain.time import Timeline
from efface.domain.track import FaceTrack
from efface.edit.moved_boxes import move_boxes

_MODULE = Path(__file__).parents[2] / "src/efface/web/static/review/moved_boxes.js"
NODE = shutil.which("node")
_SCRIPT = f"""
import {{ blendedBox, reachesOf }} from {json.dumps(_MODULE.as_uri())};
const {{ boxes, times, first, moves }} = JSON.parse(process.argv[1]);
const timeOf = (frame) => times[frame];
const offset = ({{ frame, box }}) => box.map((edge, i) => edge - boxes[frame - first][i]);
const corrections = moves.map((move) => ({{ ...move, offset: offset(move) }}));
const blended = boxes.map((box, i) => blendedBox(box, times[first + i], corrections, timeOf));
const track = {{ id: 1, firstFrame: first, endFrame: first + boxes.length, score: 1 }};
console.log(JSON.stringify({{ blended, reaches: reachesOf(moves.map((each) => each.frame), track, timeOf) }}));
"""


@pytest.mark.skipif(NODE is None, reason="no node")
@pytest.mark.parametrize("frames", [(30,), (12,), (70, 20), (20, 24, 69), (10, 79)], ids=str)
def test_page_blends_moved_boxes_as_the_engine_does(frames: tuple[int, ...]) -> None:
    random = np.random.default_rng(5)
    timeline = Timeline(Fraction(1, 1000), 500 + np.cumsum(random.choice([20, 33, 90], 100)), 10_000)
    boxes = np.cumsum(random.uniform(0, 4, (70, 4)), axis=0) + np.array([0, 0, 300, 300])
    track = FaceTrack(1, 10, boxes.astype(np.float32), np.ones(70, np.float32))
    moves = []
    for at in frames:
        x1, y1, x2, y2 = map(float, boxes[at - 10] + random.uniform(-60, 60, 4))
        moves.append(MovedBox(1, at, (x1, y1, x2, y2)))
    blended, reaches = _of_page(track, timeline, moves)
    expected = move_boxes(track, moves, timeline).boxes
    changed = np.any(np.abs(expected - track.boxes) > 1e-3, axis=1)
    for row, box in enumerate(blended):
        if box is None:
            assert not changed[row]
        else:
            np.testing.assert_allclose(box, expected[row], atol=1e-3)
    rows = np.flatnonzero(changed) + 10
    assert (reaches[0]["start"], reaches[-1]["end"]) == (rows[0], rows[-1] + 1)


def _of_page(
    track: FaceTrack, timeline: Timeline, moves: list[MovedBox]
) -> tuple[list[list[float] | None], list[dict[str, int]]]:
    ordered = sorted(moves, key=lambda move: move.frame_index)
    case = {
        "boxes": track.boxes.tolist(),
        "times": (timeline.pts * float(timeline.time_base)).tolist(),
        "first": track.first_frame,
        "moves": [{"frame": move.frame_index, "box": list(move.box)} for move in ordered],
    }
    assert NODE is not None
    command = [NODE, "--input-type=module", "--eval", _SCRIPT, "--", json.dumps(case)]
    answer = json.loads(
        subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    )
    return answer["blended"], answer["reaches"]
