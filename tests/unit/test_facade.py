"""The public calls, with the pipeline replaced where it would run a network."""

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
import pytest

import efface
from efface import facade
from efface.domain.geometry import Size
from efface.domain.media import Damage, EncodeSettings, VideoInfo
from efface.domain.redaction import FilterScope
from efface.domain.time import Timeline
from efface.domain.track import FaceGroup, FaceTrack, Shot
from efface.index.model import FaceIndex, SourceFile
from efface.pipeline import Analysis
from efface.render.render import RenderReport

NO_CROPS: Mapping[int, Any] = MappingProxyType({})


def index_of_two() -> FaceIndex:
    """Ten frames with faces 1001 and 1002 in view."""
    tracks = tuple(
        FaceTrack(i, 0, np.tile(np.array([x, 5, x + 20, 30], np.float32), (10, 1)), np.ones(10, np.float32))
        for i, x in ((1, 5), (2, 60))
    )
    return FaceIndex(
        source=SourceFile("clip.mp4", 5, "0" * 64),
        size=Size(100, 80),
        timeline=Timeline(Fraction(1, 25), np.arange(10), 10),
        frame_rate=Fraction(25),
        shots=(Shot(0, 10),),
        tracks=tracks,
        faces=tuple(FaceGroup(1000 + t.track_id, (t.track_id,), 0, t.track_id) for t in tracks),
        engine="test",
        notices=("one packet was damaged",),
    )


class Pipeline:
    """Stands in for the two passes: notes what it is asked."""

    def __init__(self) -> None:
        self.num_searches = 0
        self.redacted: dict[str, Any] = {}

    def index_video(self, path: Path, **options: Any) -> Analysis:
        self.num_searches += 1
        return Analysis(index_of_two(), NO_CROPS)

    def redact_video(self, path: Path, output: Path, **options: Any) -> RenderReport:
        self.redacted = {"path": path, "output": output} | options
        return RenderReport(10, 8, ("a subtitle track was left out",), Damage())


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    pipeline = Pipeline()
    monkeypatch.setattr(facade, "index_video", pipeline.index_video)
    monkeypatch.setattr(facade, "redact_video", pipeline.redact_video)
    return pipeline


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "portrait.JPG"
    cv2.imwrite(str(path), np.full((40, 60, 3), 128, np.uint8))
    return path


def test_redact_hides_everybody_strongly_unless_told_otherwise(
    pipeline: Pipeline, sample_clip: Path, tmp_path: Path
) -> None:
    done = efface.redact(sample_clip, tmp_path / "safe.mp4")
    request = pipeline.redacted["request"]
    assert (request.scope, request.face_ids) == (FilterScope.EXCLUDE, frozenset())
    assert done.kind is efface.BlurringKind.HIGH_BLUR
    assert (done.num_faces, done.num_frames, done.num_masked_frames) == (2, 10, 8)
    assert done.notices == ("one packet was damaged", "a subtitle track was left out")
    assert pipeline.redacted["settings"] == EncodeSettings()


@pytest.mark.parametrize(
    ("choice", "scope", "num_faces"),
    [
        ({"include": [1001]}, FilterScope.INCLUDE, 1),
        ({"exclude": [1001, 1002]}, FilterScope.EXCLUDE, 0),
        ({"exclude": []}, FilterScope.EXCLUDE, 2),
    ],
)
def test_faces_are_chosen_by_id(
    pipeline: Pipeline, sample_clip: Path, tmp_path: Path,
    choice: dict[str, list[int]], scope: FilterScope, num_faces: int,
) -> None:  # fmt: skip
    done = efface.redact(sample_clip, tmp_path / "safe.mp4", **choice)  # type: ignore[arg-type]
    request = pipeline.redacted["request"]
    assert (request.scope, request.face_ids) == (scope, frozenset(next(iter(choice.values()))))
    assert done.num_faces == num_faces


def test_index_in_any_form_saves_the_search(pipeline: Pipeline, sample_clip: Path, tmp_path: Path) -> None:
    found = Analysis(index_of_two(), NO_CROPS)
    folder = efface.save_index(found, tmp_path / "clip.efface")
    forms: list[facade.IndexLike] = [found, found.index, folder, str(folder / "index.json")]
    for number, index in enumerate(forms):
        efface.redact(sample_clip, tmp_path / f"{number}.mp4", index=index)
        assert pipeline.redacted["index"].face_ids == (1001, 1002)
    assert pipeline.num_searches == 0


def edits_file(tmp_path: Path, sha256: str, **corrections: Any) -> Path:
    path = tmp_path / "edits.json"
    document = {"format": "efface-edits", "version": 1, "source_sha256": sha256}
    path.write_text(json.dumps(document | corrections))
    return path


def test_edits_correct_who_is_counted_and_reach_the_render(
    pipeline: Pipeline, sample_clip: Path, tmp_path: Path
) -> None:
    path = edits_file(tmp_path, "0" * 64, merges=[[1001, 1002]], mutes=[[0, 1]])
    done = efface.redact(sample_clip, tmp_path / "safe.mp4", index=index_of_two(), edits=path)
    assert (done.num_faces, done.num_regions, done.num_mutes) == (1, 0, 1)
    assert pipeline.redacted["edits"] == efface.load_edits(path)
    # They are laid over it where it is planned, once.
    assert pipeline.redacted["index"].face_ids == (1001, 1002)


def test_no_face_is_treated_on_request(pipeline: Pipeline, sample_clip: Path, tmp_path: Path) -> None:
    edits = efface.load_edits(edits_file(tmp_path, "0" * 64, mutes=[[0, 1]]))
    done = efface.redact(sample_clip, tmp_path / "safe.mp4", index=index_of_two(), edits=edits, faces=False)
    assert done.num_faces == 0
    assert not pipeline.redacted["request"].covers_faces
    with pytest.raises(efface.RequestError, match="faces are listed, but none"):
        efface.redact(sample_clip, exclude=[1001], faces=False)


def test_numbers_of_an_index_are_not_taken_for_those_of_another(
    pipeline: Pipeline, sample_clip: Path, tmp_path: Path
) -> None:
    path = edits_file(tmp_path, "0" * 64, removed_tracks=[1])
    with pytest.raises(efface.RequestError, match="give that index along with them"):
        efface.redact(sample_clip, tmp_path / "safe.mp4", edits=path)
    with pytest.raises(efface.IndexMismatchError, match="made for another video than"):
        efface.redact(sample_clip, tmp_path / "safe.mp4", edits=edits_file(tmp_path, "0" * 64))
    assert pipeline.num_searches == 0


def test_contradicting_choices_are_refused(sample_clip: Path) -> None:
    with pytest.raises(efface.RequestError, match="include and exclude contradict"):
        efface.redact(sample_clip, include=[1], exclude=[2])
    with pytest.raises(efface.RequestError, match="list of faces to include is empty"):
        efface.redact(sample_clip, include=[])


def test_bad_output_is_told_before_any_work(pipeline: Pipeline, sample_clip: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken.mp4"
    taken.write_bytes(b"precious")
    for output, message in (
        (taken, "exists already"),
        (sample_clip, "it is the input"),
        (tmp_path / "no" / "folder.mp4", "does not exist"),
    ):
        with pytest.raises(efface.OutputError, match=message):
            efface.redact(sample_clip, output)
    assert pipeline.num_searches == 0
    assert taken.read_bytes() == b"precious"


def test_index_is_not_replaced_unasked(tmp_path: Path) -> None:
    found = Analysis(index_of_two(), NO_CROPS)
    folder = efface.save_index(found, tmp_path / "clip.efface")
    with pytest.raises(efface.OutputError, match="holds an index already"):
        efface.save_index(found, folder)
    assert efface.save_index(found, folder, overwrite=True) == folder


def test_saved_index_is_read_back(tmp_path: Path) -> None:
    folder = efface.save_index(Analysis(index_of_two(), NO_CROPS), tmp_path / "clip.efface")
    assert efface.load_index(folder).face_ids == (1001, 1002)


def test_probe_tells_videos_from_pictures(sample_clip: Path, picture: Path) -> None:
    video = efface.probe(sample_clip)
    assert isinstance(video, VideoInfo)
    assert (video.codec, video.upright_size) == ("h264", Size(640, 480))
    assert efface.probe(str(picture)) == facade.ImageInfo(str(picture), "JPEG", Size(60, 40), 8)


def test_default_output_says_redacted_and_keeps_the_container(
    sample_clip: Path, picture: Path, tmp_path: Path
) -> None:
    assert facade.default_output(sample_clip) == sample_clip.with_name("sample.redacted.mp4")
    assert facade.default_output(picture, tmp_path / "new") == tmp_path / "new" / "portrait.redacted.JPG"
    assert (tmp_path / "new").is_dir()


def test_pictures_have_no_index_and_no_ids(picture: Path) -> None:
    with pytest.raises(efface.RequestError, match="an index is for videos"):
        efface.index(picture)
    with pytest.raises(efface.RequestError, match="faces have no ids"):
        efface.redact(picture, include=[1001])
    with pytest.raises(efface.RequestError, match="edits are for videos"):
        efface.redact(picture, faces=False)


def test_own_weights_are_listed_behind_the_bundled_ones(tmp_path: Path) -> None:
    own = tmp_path / "mine.onnx"
    own.write_bytes(b"weights")
    *bundled, last = facade.list_weights([own])
    assert [weights.name for weights in bundled] == ["centerface", "dlib-recognition", "dlib-landmarks5"]
    assert (last.name, last.licence) == ("mine", "unknown")
    with pytest.raises(efface.WeightsError, match=r"gone\.onnx cannot be read"):
        facade.list_weights([tmp_path / "gone.onnx"])


def test_unknown_backend_is_refused_by_name() -> None:
    with pytest.raises(efface.WeightsError, match="backend 'tensorrt' is unknown"):
        efface.choose_detector(backend="tensorrt")


def test_old_annotations_become_an_index_of_their_video(sample_clip: Path, tmp_path: Path) -> None:
    annotations = tmp_path / "sample_annotations.json"
    annotations.write_text(
        '{"timescale": 25, "width": 640, "height": 480, "fragments": [{"start": 0, "duration": 100, '
        '"interval": 50, "events": [[{"id": 7, "x": 0.4, "y": 0.1, "width": 0.2, "height": 0.3}], '
        '[{"id": 7, "x": 0.5, "y": 0.1, "width": 0.2, "height": 0.3}]]}]}'
    )
    found = efface.load_annotations(annotations, sample_clip)
    assert found.face_ids == (7,)
    (track,) = found.tracks
    assert (track.first_frame, track.num_frames) == (0, 100)
    assert np.allclose(track.boxes[0], [256, 48, 384, 192])
    ids = tmp_path / "sample_IDList.txt"
    ids.write_text("7\n")
    assert facade.load_id_list(ids) == {7}
