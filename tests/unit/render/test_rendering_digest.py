"""Parts of one rendering are never joined with those of another."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from efface.domain.geometry import Size
from efface.domain.media import EncodeSettings
from efface.domain.redaction import BlurringKind
from efface.domain.time import Timeline, TimeRange
from efface.plan import RedactionPlan, RegionTrack
from efface.render.segments import Rendering

TRACK = RegionTrack(
    0, np.array([[1, 2, 30, 40]], np.float32), np.array([20], np.float32), np.array([False]), "1001"
)


def rendering(change: Callable[[RedactionPlan], RedactionPlan] = lambda plan: plan) -> Rendering:
    plan = RedactionPlan(BlurringKind.HIGH_BLUR, Size(64, 48), 2, (TRACK,))
    timeline = Timeline(Fraction(1, 25), np.array([0, 1]), 2)
    return Rendering(Path("clip.mp4"), change(plan), timeline, ".mp4", EncodeSettings())


def test_digest_is_the_same_for_the_same_rendering() -> None:
    assert rendering().digest == rendering().digest


def test_kind_of_a_region_counts_not_where_it_is_named() -> None:
    named = replace(TRACK, kind=BlurringKind.HIGH_BLUR)
    assert rendering(lambda plan: replace(plan, tracks=(named,))).digest == rendering().digest


@pytest.mark.parametrize(
    "change",
    [
        lambda plan: replace(plan, tracks=(replace(TRACK, kind=BlurringKind.LOW_BLUR),)),
        lambda plan: replace(plan, tracks=(replace(TRACK, is_box=np.array([True])),)),
        lambda plan: replace(plan, tracks=()),
        lambda plan: replace(plan, kind=BlurringKind.BLACK),
        lambda plan: replace(plan, mutes=(TimeRange(Fraction(0), Fraction(1, 3)),)),
    ],
    ids=["kind of a region", "shape", "no region", "kind of the plan", "mute"],
)
def test_digest_differs_with(change: Callable[[RedactionPlan], RedactionPlan]) -> None:
    assert rendering(change).digest != rendering().digest
