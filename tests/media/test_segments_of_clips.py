"""Real clips rendered in segments, against one pass; seams lie at key frames of the source and between them."""

from pathlib import Path

import numpy as np
import pytest

from efface.domain.media import EncodeSettings
from efface.domain.redaction import BlurringKind
from efface.domain.time import complete_pts
from efface.media.encoders import default_output_suffix
from efface.media.packet_scan import scan_packets
from efface.media.reader import open_video
from efface.plan import RedactionPlan, RegionTrack
from efface.render.segments import Rendering
from tests.unit.render.test_segments import FACE, assert_as_one_pass

pytestmark = pytest.mark.slow


def rendering_of(source: Path) -> Rendering:
    """A black box over the place that the comparison looks at, in the middle third."""
    with open_video(source) as video:
        suffix = default_output_suffix(video.info)
        raw = [frame.pts for frame in video.frames()]
        timeline = complete_pts(raw, video.info.time_base, video.info.frame_rate)
        size = video.info.upright_size
    first, end = len(raw) // 3, 2 * len(raw) // 3
    n = end - first
    boxes = np.tile(np.array([FACE], np.float32), (n, 1))
    track = RegionTrack(first, boxes, np.full(n, 24, np.float32), np.ones(n, bool))
    return Rendering(
        source,
        RedactionPlan(BlurringKind.BLACK, size, len(raw), (track,)),
        timeline,
        suffix,
        EncodeSettings(),
    )


@pytest.mark.parametrize(
    "name",
    [
        "street_walking_1080p.mp4",
        "crying_laughing_hands_on_face.mp4",
        "iphone_hevc_rotated_60fps.MOV",
        "hands_wave_vp9.webm",
        "nasa_two_audio_streams.mp4",
    ],
)
def test_joined_clip_is_that_of_one_pass(shared: Path, tmp_path: Path, name: str) -> None:
    source = shared / "media/faces_video" / name
    rendering = rendering_of(source)
    n = rendering.timeline.num_frames
    keyframe = int(scan_packets(source).keyframe_pts[-1])
    at_keyframe = int(np.searchsorted(rendering.timeline.pts, keyframe))
    seams = sorted({0, n // 4, n // 2, at_keyframe, n})
    assert len(seams) >= 4
    assert_as_one_pass(rendering, tmp_path, seams)
