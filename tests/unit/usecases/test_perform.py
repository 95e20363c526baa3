"""The stages of jobs on the bundled clip, as child processes run them, and how their results are published."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

from efface.domain.errors import ArtifactNotFoundError, DiskFullError, InputError
from efface.domain.redaction import BlurringKind, RedactionRequest
from efface.domain.service import Failure, IndexOptions, Job, JobState, VideoDetails, VideoState
from efface.pipeline.segment_file import read_segment_analysis, write_segment_analysis
from efface.ports import DiskRoom, FetchedFile, Progress, SilentProgress
from efface.usecases.changes import cancel_job, delete_video
from efface.usecases.completion import complete, give_up, note_fetched
from efface.usecases.intake import IntakeOrder, take_in
from efface.usecases.object_keys import part_key
from efface.usecases.perform import perform
from efface.usecases.reading import read_insights, read_picture, read_stream
from efface.usecases.redactions import RedactionOrder, start_redaction
from efface.usecases.work import Stage as WorkStage
from efface.usecases.work import WorkOrder, WorkSettings, WorkTools, work_order
from tests.unit.usecases.conftest import Stage

pytestmark = pytest.mark.weights

STREAMED = IndexOptions("Default", True, "Default", True)


class LocalDownloader:
    """Fulfils ``Downloader`` with a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def fetch(self, url: str, target: Path, *, max_bytes: int, progress: Progress) -> FetchedFile:
        target.write_bytes(self._file.read_bytes())
        return FetchedFile(target.stat().st_size, "ab" * 32, "cd" * 16, "fetched.mp4")


class Worker:
    """Does jobs in this process, and keeps what each stage said."""

    def __init__(self, stage: Stage, clip: Path, segment_s: float = 60) -> None:
        self._stage = stage
        self._tools = WorkTools(
            stage.objects, LocalDownloader(clip), stage.folder, WorkSettings(segment_s, segment_s)
        )
        self.told: list[Mapping[str, Any]] = []

    def give_room(self, room: DiskRoom) -> None:
        self._tools = replace(self._tools, room=room)

    def stage(self, job: Job, stage: WorkStage, segment: int | None = None) -> Mapping[str, Any]:
        order = work_order(self._stage.services.catalogue, job.job_id, stage, segment)
        as_sent = WorkOrder.from_document(order.to_document())
        assert as_sent == order
        self.told.append(perform(as_sent, self._tools, SilentProgress()))
        return self.told[-1]

    def run(self, job: Job) -> tuple[Job, ...]:
        catalogue = self._stage.services.catalogue
        assert catalogue.begin_job(job.job_id)
        if self._stage.video(job.video_id).source is None:
            note_fetched(catalogue, job.job_id, self.stage(job, WorkStage.FETCH))
        for segment, _ in enumerate(self.stage(job, WorkStage.PLAN)["num_frames"]):
            assert self.stage(job, WorkStage.SEGMENT, segment)["is_exact"]
        return complete(catalogue, self._stage.objects, job.job_id, self.stage(job, WorkStage.JOIN))


def order() -> RedactionOrder:
    return RedactionOrder(
        RedactionRequest(BlurringKind.BLACK), VideoDetails("safe"), "NoStreaming", makes_stream=False
    )


def test_index_job_gives_insights_pictures_and_a_stream(stage: Stage, sample_clip: Path) -> None:
    taken = stage.upload(sample_clip.read_bytes(), options=STREAMED)
    Worker(stage, sample_clip).run(taken.job)
    video = stage.video(taken.video.video_id)
    assert (video.state, video.index_version, video.has_faces_index) == (VideoState.PROCESSED, 1, True)
    assert video.media
    assert (video.media.num_frames, video.media.width, video.media.height) == (100, 640, 480)
    insights = read_insights(stage.services, video)
    assert insights
    assert [face.name for face in insights.faces] == ["Unknown #1"]
    assert insights.shots[0].key_frames
    assert video.thumbnail_id
    pictures = [insights.faces[0].picture_id, insights.shots[0].key_frames[0].picture_id, video.thumbnail_id]
    for picture in pictures:
        assert read_picture(stage.services, video, picture)[:3] == b"\xff\xd8\xff"
    archive = next(
        data for key, data in stage.objects.content.items() if key.endswith("faces-thumbnails.zip")
    )
    names = zipfile.ZipFile(io.BytesIO(archive)).namelist()
    assert names == [f"FaceInstanceThumbnail_{insights.faces[0].picture_id}.jpg"]
    copy = read_stream(stage.services, video)
    for track in copy.manifest.tracks:
        assert stage.objects.size(copy.files[track.file_name].key) == track.num_bytes
    assert not [key for key in stage.objects.content if key.startswith("jobs/")]


def test_redaction_of_several_segments_is_one_file(stage: Stage, sample_clip: Path) -> None:
    taken = stage.upload(sample_clip.read_bytes(), redaction=order())
    (released,) = Worker(stage, sample_clip, segment_s=60).run(taken.job)
    assert taken.redaction_job
    assert (released.job_id, released.state) == (taken.redaction_job.job_id, JobState.QUEUED)
    Worker(stage, sample_clip, segment_s=1).run(released)
    assert taken.redacted
    redacted = stage.video(taken.redacted.video_id)
    assert redacted.source
    with av.open(io.BytesIO(stage.objects.get_bytes(redacted.source.key)), "r") as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 100
    assert frames[50].to_ndarray(format="gray8")[240, 320] < 28
    assert redacted.thumbnail_id
    assert read_picture(stage.services, redacted, redacted.thumbnail_id)


def test_video_is_not_joined_where_it_has_no_room(stage: Stage, sample_clip: Path) -> None:
    taken = stage.upload(sample_clip.read_bytes(), redaction=order())
    assert taken.redaction_job
    assert taken.video.source
    size = taken.video.source.size_bytes
    worker = Worker(stage, sample_clip)
    worker.give_room(DiskRoom((stage.folder,), 1000, lambda _: 1000 + size - 1))
    with pytest.raises(DiskFullError, match="the redacted video needs"):
        worker.stage(taken.redaction_job, WorkStage.JOIN)
    worker.give_room(DiskRoom((stage.folder,), 1000, lambda _: 1000 + size))
    with pytest.raises(ArtifactNotFoundError):
        worker.stage(taken.redaction_job, WorkStage.JOIN)


def test_stage_that_would_take_from_the_reserve_is_not_begun(stage: Stage, sample_clip: Path) -> None:
    taken = stage.upload(sample_clip.read_bytes(), redaction=order())
    worker = Worker(stage, sample_clip)
    worker.give_room(DiskRoom((stage.folder,), 1000, lambda _: 1000))
    with pytest.raises(DiskFullError, match="the disk of the service is full"):
        worker.stage(taken.job, WorkStage.PLAN)
    worker.give_room(DiskRoom((stage.folder,), 1000, lambda _: 1001))
    assert worker.stage(taken.job, WorkStage.PLAN)["num_frames"]


def test_disk_that_fills_up_during_work_is_told_without_its_folders(stage: Stage, sample_clip: Path) -> None:
    class FullDisk(LocalDownloader):
        def fetch(self, url: str, target: Path, *, max_bytes: int, progress: Progress) -> FetchedFile:
            raise DiskFullError(f"cannot write {target}: the disk is full")

    taken = take_in(
        stage.services, stage.account.account_id, IntakeOrder(VideoDetails("a"), STREAMED), "http://a/b"
    )
    tools = WorkTools(stage.objects, FullDisk(sample_clip), stage.folder)
    fetching = work_order(stage.services.catalogue, taken.job.job_id, WorkStage.FETCH)
    with pytest.raises(DiskFullError, match="the disk of the service is full") as refused:
        perform(fetching, tools, SilentProgress())
    assert str(stage.folder) not in str(refused.value)


def test_second_end_of_the_same_redaction_publishes_nothing(stage: Stage, sample_clip: Path) -> None:
    taken = stage.upload(sample_clip.read_bytes(), redaction=order())
    worker = Worker(stage, sample_clip)
    (job,) = worker.run(taken.job)
    stage.services.catalogue.begin_job(job.job_id)
    worker.stage(job, WorkStage.PLAN)
    worker.stage(job, WorkStage.SEGMENT, 0)
    first, second = worker.stage(job, WorkStage.JOIN), worker.stage(job, WorkStage.JOIN)
    assert first["outcome"]["source"]["key"] != second["outcome"]["source"]["key"]
    for result in (first, second, first):
        complete(stage.services.catalogue, stage.objects, job.job_id, result)
    assert taken.redacted
    published = stage.video(taken.redacted.video_id).source
    assert published
    assert published.key == first["outcome"]["source"]["key"]
    assert [key for key in stage.objects.content if f"{taken.redacted.video_id}/source" in key] == [
        published.key
    ]


def test_job_that_was_cancelled_in_its_last_moment_leaves_no_redaction(
    stage: Stage, sample_clip: Path
) -> None:
    taken = stage.upload(sample_clip.read_bytes(), redaction=order())
    worker = Worker(stage, sample_clip)
    (job,) = worker.run(taken.job)
    stage.services.catalogue.begin_job(job.job_id)
    worker.stage(job, WorkStage.PLAN)
    worker.stage(job, WorkStage.SEGMENT, 0)
    result = worker.stage(job, WorkStage.JOIN)
    cancel_job(stage.services, stage.account.account_id, job.job_id)
    assert complete(stage.services.catalogue, stage.objects, job.job_id, result) == ()
    assert taken.redacted
    assert not [key for key in stage.objects.content if f"{taken.redacted.video_id}/source" in key]


def test_video_that_is_deleted_while_its_job_ends_leaves_nothing(stage: Stage, sample_clip: Path) -> None:
    taken = stage.upload(sample_clip.read_bytes())
    worker = Worker(stage, sample_clip)
    stage.services.catalogue.begin_job(taken.job.job_id)
    worker.stage(taken.job, WorkStage.PLAN)
    worker.stage(taken.job, WorkStage.SEGMENT, 0)
    order_of_join = work_order(stage.services.catalogue, taken.job.job_id, WorkStage.JOIN)
    stage.objects.put_file(order_of_join.source_key + "x", sample_copy(stage, sample_clip))
    result = worker.stage(taken.job, WorkStage.JOIN)
    delete_video(stage.services, stage.video(taken.video.video_id))
    stage.objects.put_bytes(order_of_join.source_key, b"written by a straggler")
    complete(stage.services.catalogue, stage.objects, taken.job.job_id, result)
    assert stage.objects.content == {}


def test_segment_of_another_kind_of_processor_is_searched_once_more(stage: Stage, sample_clip: Path) -> None:
    taken = stage.upload(sample_clip.read_bytes())
    worker = Worker(stage, sample_clip)
    stage.services.catalogue.begin_job(taken.job.job_id)
    worker.stage(taken.job, WorkStage.PLAN)
    worker.stage(taken.job, WorkStage.SEGMENT, 0)
    key, file = part_key(taken.job.job_id, 0, is_whole=False), stage.folder / "part"
    with stage.objects.local_file(key) as path:
        foreign = replace(read_segment_analysis(path), detector="centerface elsewhere", shots=())
    write_segment_analysis(foreign, file)
    stage.objects.put_file(key, file)
    result = worker.stage(taken.job, WorkStage.JOIN)
    complete(stage.services.catalogue, stage.objects, taken.job.job_id, result)
    insights = read_insights(stage.services, stage.video(taken.video.video_id))
    assert insights
    assert len(insights.faces) == 1
    assert "elsewhere" not in insights.engine


def test_video_from_a_url_is_fetched_first(stage: Stage, sample_clip: Path) -> None:
    wanted = IntakeOrder(VideoDetails("clip"), IndexOptions("Default", True, "NoStreaming", False))
    taken = take_in(stage.services, stage.account.account_id, wanted, "https://example.org/clip")
    Worker(stage, sample_clip).run(taken.job)
    video = stage.video(taken.video.video_id)
    assert video.source
    assert video.source.key.endswith(".mp4")
    assert stage.objects.get_bytes(video.source.key) == sample_clip.read_bytes()
    assert not video.has_stream


def test_sound_only_preset_finds_no_faces_and_still_knows_the_video(stage: Stage, sample_clip: Path) -> None:
    options = IndexOptions("AudioOnly", False, "NoStreaming", False)
    taken = stage.upload(sample_clip.read_bytes(), options=options)
    worker = Worker(stage, sample_clip)
    worker.run(taken.job)
    video = stage.video(taken.video.video_id)
    assert worker.told[0] == {"num_frames": []}
    assert not video.has_faces_index
    assert video.media
    assert video.media.duration_s == pytest.approx(4.0, abs=0.1)


def test_file_that_is_no_video_fails_with_a_sentence_and_its_job_is_given_up(stage: Stage) -> None:
    taken = stage.upload(b"this is a text and no video at all" * 10)
    worker = Worker(stage, stage.folder)
    stage.services.catalogue.begin_job(taken.job.job_id)
    with pytest.raises(InputError) as failed:
        worker.stage(taken.job, WorkStage.PLAN)
    assert str(failed.value).startswith("clip ")
    failure = Failure(failed.value.error_type, str(failed.value))
    give_up(stage.services.catalogue, stage.objects, taken.job.job_id, JobState.FAILED, failure)
    video = stage.video(taken.video.video_id)
    assert (video.state, video.failure) == (VideoState.FAILED, failure)
    assert video.source
    assert stage.objects.has(video.source.key)


def test_redaction_given_up_leaves_no_trace_in_the_store(stage: Stage) -> None:
    original = stage.indexed()
    redacted, job = start_redaction(stage.services, original, replace(order()))
    stage.objects.put_bytes(
        f"accounts/{original.account_id}/videos/{redacted.video_id}/source/1.mp4", b"half"
    )
    stage.objects.put_bytes(f"jobs/{job.job_id}/part-00000", b"half")
    give_up(stage.services.catalogue, stage.objects, job.job_id, JobState.FAILED, Failure("X", "x"))
    assert not [key for key in stage.objects.content if redacted.video_id in key or job.job_id in key]
    assert stage.video(original.video_id) == original


def sample_copy(stage: Stage, clip: Path) -> Path:
    path = stage.folder / "copy"
    path.write_bytes(clip.read_bytes())
    return path
