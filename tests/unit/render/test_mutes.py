"""What a plan mutes is silent, rendered in one pass or in segments."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from efface.domain.media import EncodeSettings
from efface.domain.redaction import BlurringKind
from efface.domain.time import TimeRange, complete_pts
from efface.media.reader import open_video
from efface.plan import RedactionPlan
from efface.ports import SilentProgress
from efface.render.render import render_video
from efface.render.segments import Rendering, join_rendered, render_segment
from tests.unit.media.muting.sounding import heard, in_seconds, level_db, make_sounding_clip, sound_packets


@pytest.mark.parametrize(
    ("name", "codecs"), [("a.mp4", ("aac", "alac")), ("a.mkv", ("libopus", "libmp3lame", "flac"))]
)
def test_muted_span_is_silent_in_one_pass_and_joined_from_segments(
    tmp_path: Path, name: str, codecs: tuple[str, ...]
) -> None:
    source = make_sounding_clip(tmp_path / name, *codecs)
    with open_video(source) as video:
        raw = [frame.pts for frame in video.frames()]
        timeline = complete_pts(raw, video.info.time_base, video.info.frame_rate)
        size = video.info.upright_size
    mutes = (TimeRange(Fraction(1, 3), Fraction(1)), TimeRange(Fraction(5, 2), Fraction(3)))
    plan = RedactionPlan(BlurringKind.BLACK, size, timeline.num_frames, (), mutes, ("told",))
    rendering = Rendering(source, plan, timeline, source.suffix, EncodeSettings())
    one, joined = tmp_path / f"one{source.suffix}", tmp_path / f"joined{source.suffix}"
    report = render_video(source, plan, timeline, one, rendering.settings, SilentProgress())
    seams = (0, 7, timeline.num_frames)
    parts = [tmp_path / f"part{seam}" for seam in seams[1:]]
    for first, end, part in zip(seams, seams[1:], parts, strict=False):
        render_segment(rendering, range(first, end), part, SilentProgress())
    assert join_rendered(rendering, parts, joined, SilentProgress()) == report
    assert report.notices[0] == "told"
    for track in range(len(codecs)):
        assert sound_packets(one, track) == sound_packets(joined, track)
        sound = heard(joined, track)
        for span in mutes:
            assert level_db(in_seconds(sound, float(span.start), float(span.end))) < -80
        assert level_db(in_seconds(sound, 1.3, 2.3)) > -20
        assert not np.isnan(in_seconds(sound, 0.1, 3.8)).any()
