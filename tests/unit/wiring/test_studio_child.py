"""The studio as it runs: real child processes over a folder of objects."""

import io
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from efface.domain.edits import DrawnBox, DrawnRegion, Edits
from efface.domain.errors import ArtifactNotFoundError, InputError, RequestError
from efface.domain.geometry import Size
from efface.domain.redaction import BlurringKind, RedactionRequest
from efface.domain.time import Timeline
from efface.domain.track import Shot
from efface.index.codec import encode_index
from efface.index.model import FaceIndex, SourceFile
from efface.ports import FollowOrder, SilentProgress, StillOrder, StudioVideo
from efface.storage.objects import open_object_store
from efface.usecases.studio_work import StudioTools, still_document, work_in_studio
from efface.wiring.studio import ChildStudio
from tests.conftest import ClipMaker

VIDEO = StudioVideo("a/source/1.mp4", "a/index/1/index.json", "holiday.mp4")
SHA256 = "ab" * 32
NUM_FRAMES = 12


@pytest.fixture
def data(tmp_path: Path, clips: ClipMaker, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that holds a clip of 320 x 240 and its index, without a face."""
    monkeypatch.setenv("EFFACE_DATA", str(tmp_path / "data"))
    objects = open_object_store(str(tmp_path / "data" / "objects"), cache=tmp_path)
    clip = clips.make("clip.mp4", width=320, height=240)
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        time_base = Fraction(stream.time_base)
        pts = [frame.pts for frame in container.decode(stream)]
    shown = np.array(pts, np.int64)
    timeline = Timeline(time_base, shown, int(2 * shown[-1] - shown[-2]))
    source = SourceFile("clip.mp4", clip.stat().st_size, SHA256)
    shots = (Shot(0, NUM_FRAMES),)
    index = FaceIndex(source, Size(320, 240), timeline, Fraction(25), shots, (), (), "efface 0")
    objects.put_bytes(VIDEO.index_key, "".join(encode_index(index)).encode())
    objects.put_file(VIDEO.source_key, clip)
    objects.put_bytes("a/source/text.mp4", b"this is no video at all\n" * 100)
    return tmp_path / "data"


@pytest.fixture
def studio(data: Path) -> Iterator[ChildStudio]:
    with closing(ChildStudio()) as opened:
        yield opened


def region(*, is_followed: bool) -> DrawnRegion:
    drawn = (DrawnBox(5, (40.0, 30.0, 200.0, 170.0)),)
    return DrawnRegion(1, "", BlurringKind.BLACK, drawn, 2, 9, is_followed)


def still(frame: int, edits: Edits | None = None, video: StudioVideo = VIDEO) -> StillOrder:
    return StillOrder(video, frame, 160, RedactionRequest(covers_faces=edits is None), edits)


def test_deleted_video_is_not_shown_from_memory(studio: ChildStudio, data: Path) -> None:
    shown = studio.still(still(5), SilentProgress())
    assert studio.still(still(5), SilentProgress()) == shown
    open_object_store(str(data / "objects"), cache=data).delete(VIDEO.source_key)
    with pytest.raises(ArtifactNotFoundError):
        studio.still(still(5), SilentProgress())


def test_frames_of_a_deleted_video_are_let_go(data: Path) -> None:
    objects = open_object_store(str(data / "objects"), cache=data)
    tools = StudioTools(objects)
    work_in_studio(tools, still_document(still(5)), SilentProgress())
    assert tools.previews.held_bytes > 0
    objects.delete(VIDEO.source_key)
    with pytest.raises(ArtifactNotFoundError):
        work_in_studio(tools, still_document(still(5)), SilentProgress())
    assert tools.previews.held_bytes == 0


def test_stills_regions_and_refusals_come_from_real_children(studio: ChildStudio) -> None:
    edits = Edits(SHA256, regions=(region(is_followed=False),))
    for frame, is_hidden in ((1, False), (5, True), (8, True), (9, False)):
        with av.open(io.BytesIO(studio.still(still(frame, edits), SilentProgress())), "r") as container:
            picture = next(container.decode(video=0))
        assert (picture.width, picture.height) == (160, 120)
        inside = picture.to_ndarray(format="gray8")[25:75, 30:90]
        assert (float(inside.max()) < 30) == is_hidden

    with pytest.raises(RequestError, match="frame 99 is not in the video"):
        studio.still(still(99), SilentProgress())
    with pytest.raises(InputError, match=r"holiday\.mp4") as refused:
        studio.still(
            still(1, video=StudioVideo("a/source/text.mp4", VIDEO.index_key, "holiday.mp4")), SilentProgress()
        )
    assert "objects" not in str(refused.value)
    with pytest.raises(ArtifactNotFoundError):
        studio.still(
            still(1, video=StudioVideo("a/source/gone.mp4", VIDEO.index_key, "holiday.mp4")), SilentProgress()
        )

    (part, *_) = studio.follow(FollowOrder(VIDEO, region(is_followed=True)), SilentProgress())
    assert part.first_frame <= 5 < part.end_frame
    found = part.box_at(5)
    assert found is not None
    np.testing.assert_allclose(found, (40, 30, 200, 170), atol=1)
