"""Redactions with corrections by hand, as child processes do them."""

import io
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from efface.domain.edits import DrawnBox, DrawnRegion, Edits
from efface.domain.errors import RequestError
from efface.domain.redaction import BlurringKind, FilterScope, RedactionRequest
from efface.domain.service import FaceEdit, IndexOutcome, Job, KeptFace, MediaFacts, Video, VideoDetails
from efface.edit import decode_edits
from efface.pipeline.follow import follow_edits
from efface.usecases.corrections import save_edits
from efface.usecases.intake import Intake
from efface.usecases.object_keys import index_key, order_key, resolved_edits_key
from efface.usecases.ordered_edits import WantedEdits
from efface.usecases.reading import read_insights
from efface.usecases.redactions import RedactionOrder, start_redaction
from efface.usecases.work import Stage as WorkStage
from tests.unit.usecases.conftest import Stage
from tests.unit.usecases.test_perform import Worker

pytestmark = pytest.mark.weights

NO_FACES = RedactionRequest(covers_faces=False)
PLATE = (20.0, 20.0, 140.0, 100.0)


def region(first: int, end: int, *, is_followed: bool = False, at: int | None = None) -> DrawnRegion:
    drawn = (DrawnBox(first if at is None else at, PLATE),)
    return DrawnRegion(1, "plate", BlurringKind.BLACK, drawn, first, end, is_followed)


def order(request: RedactionRequest = NO_FACES, **wanted: Any) -> RedactionOrder:
    return RedactionOrder(
        request, VideoDetails("safe"), "NoStreaming", makes_stream=False, edits=WantedEdits(**wanted)
    )


@dataclass
class Indexing:
    """The clip is analysed once for all tests here."""

    files: dict[str, bytes] = field(default_factory=dict)
    media: MediaFacts | None = None

    def run(self, stage: Stage, taken: Intake, clip: Path) -> tuple[Job, ...]:
        """End the analysis of an upload; gives the jobs that have waited for it."""
        mark = f"{taken.video.video_id}/index/1/"
        if self.media is None:
            released = Worker(stage, clip).run(taken.job)
            self.media = stage.video(taken.video.video_id).media
            content = stage.objects.content
            self.files = {key.partition(mark)[2]: content[key] for key in content if mark in key}
            return released
        for name, content_of_file in self.files.items():
            stage.objects.put_bytes(index_key(taken.video, 1, name), content_of_file)
        stage.services.catalogue.begin_job(taken.job.job_id)
        assert taken.video.source
        outcome = IndexOutcome(1, taken.video.source, self.media, True, False, None)
        return stage.services.catalogue.finish_index(taken.job.job_id, outcome) or ()

    def video(self, stage: Stage, clip: Path) -> Video:
        """The clip, indexed."""
        taken = stage.upload(clip.read_bytes())
        self.run(stage, taken, clip)
        return stage.video(taken.video.video_id)


@pytest.fixture(scope="module")
def indexing() -> Indexing:
    return Indexing()


def lumas(stage: Stage, video_id: str) -> list[NDArray[Any]]:
    source = stage.video(video_id).source
    assert source
    with av.open(io.BytesIO(stage.objects.get_bytes(source.key)), "r") as container:
        return [frame.to_ndarray(format="gray8") for frame in container.decode(video=0)]


def is_black(luma: NDArray[Any]) -> bool:
    x1, y1, x2, y2 = map(int, PLATE)
    return bool(np.median(luma[y1:y2, x1:x2]) < 28)


def test_saved_region_is_hidden_in_its_frames_across_segments_and_faces_stay(
    stage: Stage, sample_clip: Path, indexing: Indexing
) -> None:
    original = indexing.video(stage, sample_clip)
    assert original.source
    edits = Edits(original.source.sha256, regions=(region(20, 60),))
    save_edits(stage.services, original, edits, 0)
    video, job = start_redaction(stage.services, original, order(uses_newest=True))
    # What is saved later changes nothing of an order.
    save_edits(stage.services, original, Edits(original.source.sha256), 1)
    Worker(stage, sample_clip, segment_s=1).run(job)
    frames, plain = lumas(stage, video.video_id), lumas(stage, original.video_id)
    assert [i for i, luma in enumerate(frames) if is_black(luma)] == list(range(20, 60))
    face = slice(200, 280), slice(280, 360)
    assert np.abs(frames[40][face].astype(int) - plain[40][face]).mean() < 6


def test_region_that_was_not_followed_is_followed_once_for_all_segments(
    stage: Stage, sample_clip: Path, indexing: Indexing, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = indexing.video(stage, sample_clip)
    followed: list[int] = []

    def count(*args: Any) -> Edits:
        followed.append(1)
        return follow_edits(*args)

    monkeypatch.setattr("efface.usecases.work_redaction.follow_edits", count)
    wanted = order(regions=(region(30, 70, is_followed=True, at=50),))
    video, job = start_redaction(stage.services, original, wanted)
    worker = Worker(stage, sample_clip, segment_s=1)
    stage.services.catalogue.begin_job(job.job_id)
    assert worker.stage(job, WorkStage.PLAN) == worker.stage(job, WorkStage.PLAN)
    resolved = decode_edits(stage.objects.get_bytes(resolved_edits_key(job.job_id)))
    assert followed == [1]
    (path,) = resolved.regions[0].path or ()
    assert path.first_frame <= 50 < path.end_frame
    assert decode_edits(stage.objects.get_bytes(order_key(video))).regions[0].path is None
    worker.run(job)
    shown = [i for i, luma in enumerate(lumas(stage, video.video_id)) if is_black(luma)]
    assert 50 in shown
    assert set(shown) <= set(range(path.first_frame, path.end_frame))


def test_what_is_drawn_with_the_upload_is_hidden_when_it_is_indexed(
    stage: Stage, sample_clip: Path, indexing: Indexing
) -> None:
    taken = stage.upload(sample_clip.read_bytes(), redaction=order(regions=(region(0, 10),)))
    (released,) = indexing.run(stage, taken, sample_clip)
    Worker(stage, sample_clip).run(released)
    assert taken.redacted
    frames = lumas(stage, taken.redacted.video_id)
    assert [i for i, luma in enumerate(frames) if is_black(luma)] == list(range(10))


def test_what_does_not_fit_the_uploaded_video_fails_with_a_sentence(
    stage: Stage, sample_clip: Path, indexing: Indexing
) -> None:
    taken = stage.upload(sample_clip.read_bytes(), redaction=order(regions=(region(0, 5000),)))
    worker = Worker(stage, sample_clip)
    (released,) = indexing.run(stage, taken, sample_clip)
    stage.services.catalogue.begin_job(released.job_id)
    with pytest.raises(RequestError, match="region 1 ends at frame 5000, but the video has 100"):
        worker.stage(released, WorkStage.PLAN)


def test_what_the_user_must_know_of_the_result_stays_with_it(
    stage: Stage, sample_clip: Path, indexing: Indexing
) -> None:
    original = indexing.video(stage, sample_clip)
    drawn = replace(region(0, 5), kind=None)
    box = RedactionRequest(BlurringKind.BOUNDING_BOX)
    video, job = start_redaction(stage.services, original, order(box, regions=(drawn,)))
    Worker(stage, sample_clip).run(job)
    (notice,) = [each for each in stage.video(video.video_id).notices if "region 1" in each]
    assert "hidden by HighBlur" in notice


def test_result_keeps_whom_it_shows_and_what_nobody_has_looked_at(
    stage: Stage, sample_clip: Path, indexing: Indexing
) -> None:
    original = indexing.video(stage, sample_clip)
    insights = read_insights(stage.services, original)
    assert insights is not None
    (face,) = insights.faces
    stage.services.catalogue.edit_face(
        original.account_id, original.video_id, FaceEdit(face.face_id, name="Zoë")
    )
    keeping = RedactionRequest(BlurringKind.BLACK, FilterScope.EXCLUDE, frozenset({face.face_id}))
    video, job = start_redaction(stage.services, original, order(keeping, regions=(region(0, 5),)))
    # What is called otherwise later was called so then.
    stage.services.catalogue.edit_face(
        original.account_id, original.video_id, FaceEdit(face.face_id, name="Ann")
    )
    Worker(stage, sample_clip).run(job)
    facts = stage.video(video.video_id).redaction
    assert facts is not None
    assert (facts.kind, facts.num_hidden, facts.num_regions) == (BlurringKind.BLACK, 0, 1)
    assert facts.kept == (KeptFace(face.face_id, "Zoë"),)
    assert facts.num_open_risks == 0
