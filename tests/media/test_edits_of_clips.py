"""Corrections by hand on real clips: a logo followed through a crowd, sound muted, people put right."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import efface
from efface.domain.edits import DrawnBox, DrawnRegion, Edits, MovedBox, TrackSplit
from efface.domain.media import EncodeSettings
from efface.domain.redaction import BlurringKind, RedactionRequest
from efface.domain.time import TimeRange
from efface.domain.track import FaceTrack
from efface.edit import encode_edits
from efface.index.model import FaceIndex
from efface.media.reader import open_video
from efface.pipeline.follow import follow_edits
from efface.plan import plan_redaction
from efface.ports import SilentProgress
from efface.render.preview import preview_frame
from tests.unit.media.muting.sounding import heard, in_seconds, level_db, sound_packets

pytestmark = [pytest.mark.media, pytest.mark.weights, pytest.mark.slow]

QUICK = EncodeSettings(crf=16, preset="ultrafast")
LOGO = DrawnBox(66, (966, 856, 1040, 908))
"""On the chest of a boy who walks towards the camera; a woman passes before him in frames 12 to 26."""
SEEN: Mapping[int, tuple[int, int, int, int]] = {
    0: (978, 804, 1020, 823),
    8: (990, 794, 1040, 820),
    44: (1055, 864, 1100, 884),
    58: (994, 870, 1054, 902),
    90: (871, 888, 927, 915),
    104: (826, 868, 898, 906),
}
"""Where the logo is, measured on the pictures by eye."""


@pytest.fixture(scope="module")
def street(shared: Path) -> Path:
    return shared / "media" / "faces_video" / "street_walking_1080p.mp4"


@pytest.fixture(scope="module")
def crowd(street: Path) -> FaceIndex:
    return efface.index(street).index


def lumas(path: Path) -> list[NDArray[np.uint8]]:
    with open_video(path) as video:
        return [frame.gray() for frame in video.frames()]


def cut(picture: NDArray[np.uint8], box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    return picture[box[1] : box[3], box[0] : box[2]]


def logo_edits(index: FaceIndex) -> Edits:
    region = DrawnRegion(
        1, "logo", BlurringKind.BLACK, (LOGO,), 0, index.timeline.num_frames, is_followed=True
    )
    return Edits(index.source.sha256, regions=(region,))


def test_logo_drawn_in_one_frame_is_black_in_all_of_its_shot(
    street: Path, crowd: FaceIndex, tmp_path: Path
) -> None:
    path = tmp_path / "street.edits.json"
    path.write_text("".join(encode_edits(logo_edits(crowd))))
    done = efface.redact(street, tmp_path / "safe.mp4", index=crowd, edits=path, faces=False, settings=QUICK)
    assert (done.num_faces, done.num_regions, done.num_masked_frames) == (0, 1, 105)
    before, after = lumas(street), lumas(tmp_path / "safe.mp4")
    for frame_index, box in SEEN.items():
        assert cut(before[frame_index], box).max() > 80
        assert cut(after[frame_index], box).max() < 28, f"frame {frame_index}"
    for was, became in zip(before, after, strict=True):
        # The faces above stay as they were: only regions were asked for.
        assert np.abs(was[300:740].astype(int) - became[300:740]).mean() < 3


def test_preview_shows_the_logo_black_too(street: Path, crowd: FaceIndex) -> None:
    followed = follow_edits(street, crowd, logo_edits(crowd), SilentProgress())
    plan = plan_redaction(crowd, RedactionRequest(covers_faces=False), edits=followed)
    jpeg = preview_frame(street, plan, crowd.timeline, 90, max_side=1920)
    picture = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
    assert picture.shape == (1080, 1920)
    assert cut(picture, SEEN[90]).max() < 28


def middle_of(track: FaceTrack) -> tuple[int, tuple[int, int, int, int]]:
    """A frame of a track, and a small box within the face there."""
    frame_index = track.first_frame + track.num_frames // 2
    x1, y1, x2, y2 = (float(edge) for edge in track.boxes[track.num_frames // 2])
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    return frame_index, (int(x) - 3, int(y) - 3, int(x) + 4, int(y) + 4)


def test_people_put_right_are_hidden_as_corrected(street: Path, crowd: FaceIndex, tmp_path: Path) -> None:
    """Of the five that are in view longest: two are merged, one is split off, one is no face, one is moved."""
    a, b, split, removed, moved = sorted(crowd.tracks, key=lambda track: -track.num_frames)[:5]
    person_a, person_b = crowd.face_of(a.track_id).face_id, crowd.face_of(b.track_id).face_id
    at, _ = middle_of(moved)
    elsewhere = (40.0, 40.0, 140.0, 160.0)
    edits = Edits(
        crowd.source.sha256,
        merges=((person_a, person_b),),
        splits=(TrackSplit(split.track_id, 2001),),
        removed_tracks=(removed.track_id,),
        moved_boxes=(MovedBox(moved.track_id, at, elsewhere),),
    )
    include = [min(person_a, person_b), 2001, crowd.face_of(moved.track_id).face_id]
    done = efface.redact(
        street, tmp_path / "safe.mp4", kind="Black", index=crowd, edits=edits, include=include, settings=QUICK
    )
    assert done.num_faces == 3
    after, before = lumas(tmp_path / "safe.mp4"), lumas(street)
    for track in (a, b, split):
        frame_index, box = middle_of(track)
        assert cut(after[frame_index], box).max() < 28, f"track {track.track_id}"
    assert cut(after[at], (70, 80, 110, 120)).max() < 28
    frame_index, box = middle_of(removed)
    assert np.abs(cut(after[frame_index], box).astype(int) - cut(before[frame_index], box)).mean() < 4


@pytest.mark.parametrize(
    ("name", "num_tracks"), [("street_walking_1080p.mp4", 1), ("nasa_two_audio_streams.mp4", 2)]
)
def test_sound_of_a_clip_is_silent_where_it_is_muted(
    shared: Path, tmp_path: Path, name: str, num_tracks: int
) -> None:
    source, final = shared / "media" / "faces_video" / name, tmp_path / "safe.mp4"
    index = efface.index(source).index
    start = index.timeline.start_of(0)
    span = TimeRange(start + 1, start + Fraction(5, 2))
    edits = Edits(index.source.sha256, mutes=(span,))
    done = efface.redact(source, final, index=index, edits=edits, faces=False, settings=QUICK)
    assert (done.num_mutes, done.num_masked_frames) == (1, 0)
    for track in range(num_tracks):
        rate = rate_of(source, track)
        sound = heard(final, track, rate)
        assert level_db(in_seconds(sound, float(span.start), float(span.end), rate)) < -80
        before, after = sound_packets(source, track), sound_packets(final, track)
        assert len(before) == len(after)
        # One packet around the span, and one that is cut by its end; the older of the clips has few a second.
        reach = Fraction(2 * 1024, rate) + Fraction(1, 40)
        for (time, was), (_, became) in zip(before, after, strict=True):
            if not span.start - reach < time < span.end + reach:
                assert was == became, f"packet at {float(time)} s"


def rate_of(path: Path, track: int) -> int:
    with av.open(str(path)) as container:
        return container.streams.audio[track].codec_context.sample_rate
