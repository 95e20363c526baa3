"""What every catalogue must do; run on SQLite among the unit tests, and on PostgreSQL where there is one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any, TypeVar

import pytest

from efface.domain.errors import (
    AccountNotFoundError,
    JobNotFoundError,
    RequestError,
    ServiceUnavailableError,
    VideoBusyError,
    VideoNotFoundError,
)
from efface.domain.service import (
    FaceEdit,
    Failure,
    IndexOptions,
    Job,
    JobKind,
    JobState,
    MediaFacts,
    Privacy,
    StoredSource,
    Video,
    VideoDetails,
    VideoState,
)
from efface.ports.catalogue import VideoFilter, VideoOrder
from efface.storage import SqlCatalogue
from tests.storage.records import (
    MEDIA,
    OPTIONS,
    SOURCE,
    START,
    StillClock,
    account,
    index_job,
    index_outcome,
    redaction,
    redaction_facts,
    redaction_outcome,
    video,
)

OWN, OTHER = account(1).account_id, account(2).account_id
FAILURE = Failure("NoVideoError", "clip.mp4 has no picture track: give another file")
Answer = TypeVar("Answer")


def all_at_once(num: int, call: Callable[[int], Answer]) -> list[Answer]:
    """Answers of ``call(0)`` … ``call(num - 1)``, begun together by as many threads."""
    barrier = Barrier(num)

    def begin(number: int) -> Answer:
        barrier.wait()
        return call(number)

    with ThreadPoolExecutor(num) as pool:
        return list(pool.map(begin, range(num)))


class CatalogueContract:
    """Fixtures ``catalogue`` (empty but for accounts 1 and 2) and ``clock`` come from the subclass's module."""

    # -- accounts

    def test_accounts_are_kept_whole_and_listed_oldest_first(self, catalogue: SqlCatalogue) -> None:
        third = replace(account(3), created=START - timedelta(microseconds=1), name="Ünï")
        catalogue.add_account(third, "hash 3")
        assert catalogue.account(third.account_id) == third
        assert catalogue.list_accounts()[0] == third
        assert len(catalogue.list_accounts()) == 3

    def test_account_name_is_taken_in_any_case(self, catalogue: SqlCatalogue) -> None:
        with pytest.raises(RequestError, match="ACCOUNT 1"):
            catalogue.add_account(replace(account(3), name="ACCOUNT 1"), "hash 3")

    def test_key_opens_its_accounts_until_it_is_replaced(self, catalogue: SqlCatalogue) -> None:
        catalogue.set_key(OWN, "shared")
        catalogue.set_key(OTHER, "shared")
        assert catalogue.accounts_with_key("shared") == (account(1), account(2))
        catalogue.set_key(OWN, "new")
        assert catalogue.accounts_with_key("shared") == (account(2),)
        assert catalogue.accounts_with_key("hash 1") == ()
        assert catalogue.key_hash(account(2).account_id) == "shared"
        with pytest.raises(AccountNotFoundError):
            catalogue.key_hash(account(9).account_id)

    def test_unknown_account_is_refused(self, catalogue: SqlCatalogue) -> None:
        with pytest.raises(AccountNotFoundError, match="nobody"):
            catalogue.account("nobody")
        with pytest.raises(AccountNotFoundError, match="nobody"):
            catalogue.set_key("nobody", "hash")
        with pytest.raises(AccountNotFoundError, match="nobody"):
            catalogue.add_video(replace(video(), account_id="nobody"))

    # -- videos

    def test_video_is_kept_whole(self, catalogue: SqlCatalogue) -> None:
        full = video(
            details=VideoDetails(
                "näme 🎥", "what", "ext", "http://e/x", '{"a": 1}', "part", "f.mp4", Privacy.PUBLIC, "de-DE"
            ),
            state=VideoState.FAILED,
            progress=7,
            indexed=START,
            source=SOURCE,
            source_url="https://example.org/" + "x" * 5000,
            media=MEDIA,
            failure=FAILURE,
            index_version=3,
            has_faces_index=True,
            has_stream=True,
            thumbnail_id="20000000-0000-0000-0000-000000000001",
            original_id="ffffffffff",
            expires=START + timedelta(days=7, microseconds=1),
            notices=("the sound track was left out", "ünï"),
            redaction=redaction_facts(),
        )
        catalogue.add_video(full)
        assert catalogue.video(OWN, full.video_id) == full

    def test_bare_video_is_kept_whole(self, catalogue: SqlCatalogue) -> None:
        catalogue.add_video(video())
        assert catalogue.video(OWN, video().video_id) == video()

    def test_video_with_its_jobs_is_added_whole_or_not_at_all(self, catalogue: SqlCatalogue) -> None:
        output, waiting = redaction(video(), 2, state=JobState.WAITING, waits_for=index_job(video()).job_id)
        catalogue.add_video(video(), index_job(video()), followed_by=(output, waiting))
        assert catalogue.video(OWN, output.video_id) == output
        assert catalogue.jobs_of_video(OWN, video().video_id) == (waiting, index_job(video()))
        with pytest.raises(ServiceUnavailableError, match="taken"):
            catalogue.add_video(video(3), index_job(video(3), 1))
        with pytest.raises(VideoNotFoundError):
            catalogue.video(OWN, video(3).video_id)

    def test_videos_of_another_account_are_not_there(self, catalogue: SqlCatalogue) -> None:
        catalogue.add_video(video(source=SOURCE), index_job(video()))
        theirs = video().video_id
        for call in (
            lambda: catalogue.video(OTHER, theirs),
            lambda: catalogue.forget_source(OTHER, theirs),
            lambda: catalogue.remove_video(OTHER, theirs),
            lambda: catalogue.edit_face(OTHER, theirs, FaceEdit(1001, "me")),
            lambda: catalogue.add_index_job(replace(index_job(video(), 9), account_id=OTHER), OPTIONS),
            lambda: catalogue.add_redaction(*redaction(replace(video(), account_id=OTHER), 9)),
        ):
            with pytest.raises(VideoNotFoundError, match=theirs):
                call()
        with pytest.raises(JobNotFoundError):
            catalogue.job(OTHER, index_job(video()).job_id)
        assert catalogue.jobs_of_video(OTHER, theirs) == ()
        assert catalogue.list_jobs(OTHER, skip=0, limit=9) == ((), 0)
        assert catalogue.num_open_jobs(OTHER) == 0
        assert catalogue.find_videos(OTHER, VideoFilter(), skip=0, limit=9).total == 0
        assert catalogue.find_videos(OTHER, VideoFilter(video_ids=[theirs]), skip=0, limit=9).videos == ()
        assert catalogue.video_with_content(OTHER, sha256=SOURCE.sha256) is None
        assert catalogue.face_edits(OTHER, theirs) == {}
        assert catalogue.num_videos(OTHER) == 0
        assert catalogue.video(OWN, theirs).source == SOURCE

    def test_pages_hold_every_video_once_newest_first(self, catalogue: SqlCatalogue) -> None:
        for number in range(1, 12):
            # Some of the same time, which must not make a page unsteady.
            catalogue.add_video(video(number, created=START + timedelta(seconds=number // 3)))
        catalogue.add_video(video(99, owner=2))
        pages = [catalogue.find_videos(OWN, VideoFilter(), skip=skip, limit=4) for skip in (0, 4, 8, 12)]
        found = [one.video_id for page in pages for one in page.videos]
        assert found == [video(number).video_id for number in range(11, 0, -1)]
        assert [len(page.videos) for page in pages] == [4, 4, 3, 0]
        assert {page.total for page in pages} == {11}
        assert catalogue.num_videos(OWN) == 11

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            (VideoFilter(created_after=START + timedelta(seconds=3)), {3, 4, 5}),
            (VideoFilter(created_before=START + timedelta(seconds=2)), {1, 2}),
            (VideoFilter(partitions=["p", "q"]), {1, 2}),
            (VideoFilter(states=[VideoState.PROCESSED, VideoState.FAILED]), {2, 3}),
            (VideoFilter(privacies=[Privacy.PUBLIC]), {3}),
            (VideoFilter(video_ids=[f"{4:010x}", "nothing"]), {4}),
            (VideoFilter(external_ids=["e1"]), {1}),
            (VideoFilter(original_id=f"{1:010x}"), {4}),
            (VideoFilter(is_redaction=True), {4}),
            (VideoFilter(is_redaction=False), {1, 2, 3, 5}),
            (VideoFilter(has_source=True), {5}),
            (VideoFilter(has_source=False), {1, 2, 3, 4}),
            (VideoFilter(words=["STRASSE"]), {1}),
            (VideoFilter(words=["100%"]), {2}),
            (VideoFilter(words=["_"]), set()),
            (VideoFilter(words=["garten", "ümläut"]), {1}),
            (VideoFilter(words=["alice", "clip"]), {5}),
            (VideoFilter(words=["bob"]), set()),
            (VideoFilter(face_names=["ALICE", "nobody"]), {5}),
            (VideoFilter(face_names=["unseen"]), set()),
            (VideoFilter(states=[VideoState.PROCESSED], partitions=["p"]), set()),
        ],
    )
    def test_filter_finds(self, catalogue: SqlCatalogue, wanted: VideoFilter, found: set[int]) -> None:
        first = VideoDetails("Hauptstraße", "im Garten, U\u0308MLA\u0308UT", external_id="e1", partition="p")
        catalogue.add_video(video(1, details=first))
        catalogue.add_video(
            video(2, details=VideoDetails("100% sure", partition="q"), state=VideoState.PROCESSED)
        )
        public = VideoDetails("1000 things", privacy=Privacy.PUBLIC)
        catalogue.add_video(video(3, details=public, state=VideoState.FAILED))
        catalogue.add_video(video(4, original_id=f"{1:010x}"))
        catalogue.add_video(video(5, source=SOURCE))
        catalogue.edit_face(OWN, video(5).video_id, FaceEdit(1001, "Alice Smith"))
        catalogue.edit_face(OWN, video(5).video_id, FaceEdit(1002, "Bob", is_deleted=True))
        page = catalogue.find_videos(OWN, wanted, skip=0, limit=100)
        assert {one.video_id for one in page.videos} == {video(number).video_id for number in found}
        assert page.total == len(found)

    @pytest.mark.parametrize(
        ("order", "expected"),
        [
            (VideoOrder.NEWEST, [5, 4, 3, 2, 1]),
            (VideoOrder.OLDEST, [1, 2, 3, 4, 5]),
            (VideoOrder.NAME, [4, 2, 5, 1, 3]),
            (VideoOrder.LONGEST, [2, 4, 1, 5, 3]),
        ],
    )
    def test_page_of_any_order_is_part_of_the_whole(
        self, catalogue: SqlCatalogue, order: VideoOrder, expected: list[int]
    ) -> None:
        for number, name, duration_s in (
            (1, "delta", 2.0),
            (2, "Beta", 90.0),
            (3, "Éclair", None),
            (4, "alpha", 9.5),
            (5, "charlie", 0.5),
        ):
            media = MediaFacts(duration_s, 64, 48, 9) if duration_s else None
            catalogue.add_video(video(number, details=VideoDetails(name), media=media))
        whole = catalogue.find_videos(OWN, VideoFilter(), skip=0, limit=9, order=order).videos
        assert [int(one.video_id, 16) for one in whole] == expected
        for skip in range(6):
            page = catalogue.find_videos(OWN, VideoFilter(), skip=skip, limit=2, order=order)
            assert page.videos == whole[skip : skip + 2]
            assert page.total == 5

    def test_same_content_is_found_by_hash_or_address(self, catalogue: SqlCatalogue) -> None:
        catalogue.add_video(video(1, source=SOURCE, source_url="https://example.org/a.mp4"))
        catalogue.add_video(video(2, source=SOURCE, state=VideoState.FAILED))
        catalogue.add_video(video(3, source=SOURCE, original_id="ffffffffff"))
        for key in ({"sha256": SOURCE.sha256}, {"md5": SOURCE.md5}, {"url": "https://example.org/a.mp4"}):
            same = catalogue.video_with_content(OWN, **key)
            assert same is not None
            assert same.video_id == video(1).video_id
        assert catalogue.video_with_content(OWN, sha256="00" * 32, md5="00" * 16, url="https://x") is None
        assert catalogue.video_with_content(OWN) is None

    def test_forgotten_source_is_gone_but_its_content_is_still_known(self, catalogue: SqlCatalogue) -> None:
        catalogue.add_video(video(source=SOURCE))
        after = catalogue.forget_source(OWN, video().video_id)
        assert after.source is None
        assert after.is_source_deleted
        assert catalogue.video_with_content(OWN, sha256=SOURCE.sha256) == after

    def test_face_edits_are_replaced_and_go_with_their_video(self, catalogue: SqlCatalogue) -> None:
        catalogue.add_video(video())
        for edit in (FaceEdit(1001, "A"), FaceEdit(1002, is_deleted=True), FaceEdit(1001, "B")):
            catalogue.edit_face(OWN, video().video_id, edit)
        edits = {1001: FaceEdit(1001, "B"), 1002: FaceEdit(1002, None, True)}
        assert catalogue.face_edits(OWN, video().video_id) == edits
        catalogue.remove_video(OWN, video().video_id)
        assert catalogue.face_edits(OWN, video().video_id) == {}

    def test_face_edits_of_several_videos_come_together(self, catalogue: SqlCatalogue) -> None:
        for number in (1, 2, 3):
            catalogue.add_video(video(number))
            catalogue.edit_face(OWN, video(number).video_id, FaceEdit(1000 + number, "A"))
        catalogue.add_video(video(4))
        catalogue.add_video(video(5, owner=2))
        catalogue.edit_face(OTHER, video(5).video_id, FaceEdit(1005, "Theirs"))
        asked = [video(number).video_id for number in (1, 3, 4, 5)]
        assert catalogue.face_edits_of(OWN, asked) == {
            video(1).video_id: {1001: FaceEdit(1001, "A")},
            video(3).video_id: {1003: FaceEdit(1003, "A")},
        }
        assert catalogue.face_edits_of(OWN, []) == {}

    def test_newest_redactions_of_several_videos_come_together(self, catalogue: SqlCatalogue) -> None:
        for number in (1, 2, 3):
            catalogue.add_video(video(number))
        made = {1: [video(number, original_id=video(1).video_id) for number in (11, 13, 15)]}
        made[2] = [video(12, original_id=video(2).video_id)]
        theirs = video(14, owner=2, original_id=video(1).video_id)
        for one in (*made[1], *made[2], theirs):
            catalogue.add_video(one)
        found = catalogue.redactions_of(OWN, [video(number).video_id for number in (1, 2, 3)], 2)
        assert found == {
            video(1).video_id: (made[1][2], made[1][1]),
            video(2).video_id: (made[2][0],),
        }
        assert catalogue.redactions_of(OWN, [], 2) == {}
        assert catalogue.redactions_of(OTHER, [video(2).video_id], 2) == {}

    def test_removed_video_leaves_its_jobs_cancelled(self, catalogue: SqlCatalogue) -> None:
        catalogue.add_video(video(), index_job(video()))
        catalogue.remove_video(OWN, video().video_id)
        with pytest.raises(VideoNotFoundError):
            catalogue.video(OWN, video().video_id)
        job = catalogue.job(OWN, index_job(video()).job_id)
        assert job.state is JobState.CANCELLED
        assert job.failure is not None
        assert video().video_id in job.failure.message
        with pytest.raises(VideoNotFoundError):
            catalogue.remove_video(OWN, video().video_id)

    def test_removed_original_fails_the_redactions_that_were_being_made_of_it(
        self, catalogue: SqlCatalogue
    ) -> None:
        original, output, job = self.redacting(catalogue)
        catalogue.remove_video(OWN, original.video_id)
        assert catalogue.job(OWN, job.job_id).state is JobState.CANCELLED
        failed = catalogue.video(OWN, output.video_id)
        assert failed.state is VideoState.FAILED
        assert failed.failure == catalogue.job(OWN, job.job_id).failure

    def test_removed_output_cancels_its_redaction(self, catalogue: SqlCatalogue) -> None:
        original, output, job = self.redacting(catalogue)
        catalogue.remove_video(OWN, output.video_id)
        assert catalogue.job(OWN, job.job_id).state is JobState.CANCELLED
        assert catalogue.finish_redaction(job.job_id, redaction_outcome()) is False
        assert catalogue.video(OWN, original.video_id).state is VideoState.PROCESSED

    def test_expired_videos_of_all_accounts_are_found_oldest_first(self, catalogue: SqlCatalogue) -> None:
        for number, owner, days in ((1, 1, 2), (2, 2, 1), (3, 1, 3)):
            catalogue.add_video(video(number, owner, expires=START + timedelta(days=days)))
        catalogue.add_video(video(4))
        found = catalogue.expired_videos(START + timedelta(days=2), 9)
        assert [one.video_id for one in found] == [video(2).video_id, video(1).video_id]
        assert len(catalogue.expired_videos(START + timedelta(days=9), 2)) == 2

    def test_values_that_no_database_keeps_are_refused(self, catalogue: SqlCatalogue) -> None:
        with pytest.raises(RequestError, match="surrogate"):
            catalogue.add_video(video(details=VideoDetails("half a pair \ud800")))
        with pytest.raises(RequestError, match="smaller numbers"):
            catalogue.find_videos(OWN, VideoFilter(video_ids=["\ud800"]), skip=0, limit=9)

    def test_page_far_beyond_the_end_is_empty(self, catalogue: SqlCatalogue) -> None:
        catalogue.add_video(video(), index_job(video()))
        assert catalogue.find_videos(OWN, VideoFilter(), skip=10**30, limit=10**30).videos == ()
        assert catalogue.list_jobs(OWN, skip=10**30, limit=10**30) == ((), 1)
        assert len(catalogue.find_videos(OWN, VideoFilter(), skip=0, limit=10**30).videos) == 1
        assert len(catalogue.list_jobs(OWN, skip=0, limit=10**30)[0]) == 1

    # -- jobs

    def redacting(self, catalogue: SqlCatalogue, **changes: Any) -> tuple[Video, Video, Job]:
        """An indexed video, and a redaction of it that is queued."""
        original = video(1, state=VideoState.PROCESSED, index_version=1, has_faces_index=True, source=SOURCE)
        output, job = redaction(original, 2, **changes)
        catalogue.add_video(original)
        catalogue.add_redaction(output, job)
        return original, output, job

    def test_job_is_kept_whole(self, catalogue: SqlCatalogue) -> None:
        full = index_job(
            video(),
            request={"faces": {"filter": {"ids": [1, 2], "x": None}}, "ä": 1.5},
            callback_url="https://example.org/?a=1",
            output_id="ffffffffff",
            kind=JobKind.REDACTION,
            waits_for="10000000-0000-0000-0000-0000000000ff",
            failure=FAILURE,
            progress=12,
            num_frames=3_000_000_000,
            work_s=0.125,
            state=JobState.FAILED,
        )
        catalogue.add_video(video(), full)
        assert catalogue.job(OWN, full.job_id) == full
        assert catalogue.job_by_id(full.job_id) == full
        with pytest.raises(JobNotFoundError, match="nothing"):
            catalogue.job_by_id("nothing")

    def test_begin_is_repeatable_and_shows_on_the_video(self, catalogue: SqlCatalogue) -> None:
        job = index_job(video())
        catalogue.add_video(video(), job)
        assert catalogue.begin_job(job.job_id)
        assert catalogue.begin_job(job.job_id)
        assert catalogue.job(OWN, job.job_id).state is JobState.RUNNING
        assert catalogue.video(OWN, video().video_id).state is VideoState.PROCESSING

    def test_begin_is_refused_when_the_job_is_final_waiting_or_unknown(self, catalogue: SqlCatalogue) -> None:
        job = index_job(video())
        output, waiting = redaction(video(), 2, state=JobState.WAITING, waits_for=job.job_id)
        catalogue.add_video(video(), job, followed_by=(output, waiting))
        assert catalogue.begin_job(waiting.job_id) is False
        assert catalogue.is_open(waiting.job_id)
        catalogue.end_job(job.job_id, JobState.CANCELLED, FAILURE)
        assert catalogue.begin_job(job.job_id) is False
        assert catalogue.begin_job("nothing") is False
        assert not catalogue.is_open(job.job_id)
        assert not catalogue.is_open("nothing")

    def test_progress_is_the_share_of_frames_and_never_falls(
        self, catalogue: SqlCatalogue, clock: StillClock
    ) -> None:
        job = index_job(video())
        catalogue.add_video(video(), job)
        catalogue.begin_job(job.job_id)
        catalogue.set_segments(job.job_id, [100, 300])
        seen = []
        for segment, frames, clock_s in ((0, 50, 1), (1, 150, 1), (0, 10, 1), (0, 100, 1), (1, 999, 1)):
            clock.move(clock_s)
            catalogue.report_segment(job.job_id, segment, frames, 0.5)
            now = catalogue.job(OWN, job.job_id)
            shown = catalogue.video(OWN, video().video_id)
            assert (now.updated, shown.progress) == (clock.now(), now.progress)
            seen.append((now.progress, now.num_frames))
        assert seen == [(12, 50), (48, 200), (48, 200), (59, 250), (95, 400)]
        assert catalogue.job(OWN, job.job_id).work_s == 2.5

    def test_new_plan_keeps_what_is_done_and_the_progress(self, catalogue: SqlCatalogue) -> None:
        job = index_job(video())
        catalogue.add_video(video(), job)
        catalogue.begin_job(job.job_id)
        catalogue.set_segments(job.job_id, [100, 100])
        catalogue.report_segment(job.job_id, 0, 100, 1)
        catalogue.set_segments(job.job_id, [100, 100])
        catalogue.report_segment(job.job_id, 1, 50, 1)
        assert catalogue.job(OWN, job.job_id).progress == 71
        catalogue.set_segments(job.job_id, [400])
        catalogue.report_segment(job.job_id, 0, 200, 1)
        assert catalogue.job(OWN, job.job_id).progress == 71
        catalogue.report_segment(job.job_id, 0, 400, 1)
        assert catalogue.job(OWN, job.job_id).progress == 95

    def test_reports_from_many_workers_add_up(self, catalogue: SqlCatalogue) -> None:
        job = index_job(video())
        catalogue.add_video(video(), job)
        catalogue.begin_job(job.job_id)
        catalogue.set_segments(job.job_id, [10] * 8)
        all_at_once(8, lambda segment: catalogue.report_segment(job.job_id, segment, 10, 0.25))
        after = catalogue.job(OWN, job.job_id)
        assert (after.progress, after.num_frames, after.work_s) == (95, 80, 2.0)

    def test_reports_about_a_final_job_change_nothing(self, catalogue: SqlCatalogue) -> None:
        job = index_job(video())
        catalogue.add_video(video(), job)
        catalogue.set_segments(job.job_id, [10])
        catalogue.end_job(job.job_id, JobState.CANCELLED, FAILURE)
        before = catalogue.job(OWN, job.job_id), catalogue.video(OWN, video().video_id)
        catalogue.report_segment(job.job_id, 0, 10, 1)
        catalogue.note_source(job.job_id, SOURCE)
        catalogue.set_segments(job.job_id, [1])
        assert (catalogue.job(OWN, job.job_id), catalogue.video(OWN, video().video_id)) == before

    def test_fetched_source_is_noted_unless_it_was_deleted_meanwhile(self, catalogue: SqlCatalogue) -> None:
        for number in (1, 2):
            catalogue.add_video(video(number, source_url="https://e/x"), index_job(video(number), number))
        catalogue.forget_source(OWN, video(2).video_id)
        for number in (1, 2):
            catalogue.note_source(index_job(video(number), number).job_id, SOURCE)
        assert catalogue.video(OWN, video(1).video_id).source == SOURCE
        assert catalogue.video(OWN, video(2).video_id).source is None

    def test_finished_index_shows_on_the_video_and_releases_what_waits(
        self, catalogue: SqlCatalogue, clock: StillClock
    ) -> None:
        job = index_job(video(), callback_url="https://example.org/done?x=1#f")
        output, waiting = redaction(video(), 2, state=JobState.WAITING, waits_for=job.job_id)
        catalogue.add_video(video(), job, followed_by=(output, waiting))
        catalogue.begin_job(job.job_id)
        clock.move(30)
        released = catalogue.finish_index(job.job_id, index_outcome())
        assert released == (replace(waiting, state=JobState.QUEUED, updated=clock.now()),)
        outcome = index_outcome()
        assert catalogue.video(OWN, video().video_id) == replace(
            video(),
            state=VideoState.PROCESSED,
            progress=100,
            modified=clock.now(),
            indexed=clock.now(),
            source=outcome.source,
            media=outcome.media,
            index_version=1,
            has_faces_index=True,
            has_stream=True,
            thumbnail_id=outcome.thumbnail_id,
        )
        done = catalogue.job(OWN, job.job_id)
        assert (done.state, done.progress, done.updated) == (JobState.SUCCEEDED, 100, clock.now())
        (call,) = catalogue.claim_callbacks(clock.now(), 60, 9)
        assert call.url == f"https://example.org/done?x=1&id={video().video_id}&state=Processed#f"

    def test_finished_redaction_shows_on_its_own_video_only(self, catalogue: SqlCatalogue) -> None:
        original, output, job = self.redacting(catalogue, callback_url="https://example.org")
        catalogue.begin_job(job.job_id)
        assert catalogue.finish_redaction(job.job_id, redaction_outcome()) is True
        assert catalogue.video(OWN, output.video_id).notices == redaction_outcome().notices
        assert catalogue.video(OWN, output.video_id).redaction == redaction_facts()
        assert catalogue.video(OWN, original.video_id) == original
        made = catalogue.video(OWN, output.video_id)
        assert (made.state, made.progress, made.source) == (VideoState.PROCESSED, 100, SOURCE)
        assert (made.index_version, made.has_faces_index) == (0, False)
        (call,) = catalogue.claim_callbacks(START + timedelta(days=1), 60, 9)
        assert call.url == f"https://example.org?id={output.video_id}&state=Processed"

    def test_source_that_was_deleted_during_the_work_stays_deleted(self, catalogue: SqlCatalogue) -> None:
        catalogue.add_video(video(source=SOURCE), index_job(video()))
        catalogue.forget_source(OWN, video().video_id)
        assert catalogue.finish_index(index_job(video()).job_id, index_outcome()) == ()
        assert catalogue.video(OWN, video().video_id).source is None

    def test_final_job_cannot_end_again(self, catalogue: SqlCatalogue) -> None:
        job = index_job(video(), callback_url="https://example.org")
        catalogue.add_video(video(), job)
        assert catalogue.finish_index(job.job_id, index_outcome()) == ()
        before = catalogue.video(OWN, video().video_id), catalogue.job(OWN, job.job_id)
        assert catalogue.finish_index(job.job_id, index_outcome(2)) is None
        assert catalogue.end_job(job.job_id, JobState.FAILED, FAILURE) is False
        assert (catalogue.video(OWN, video().video_id), catalogue.job(OWN, job.job_id)) == before
        assert len(catalogue.claim_callbacks(START + timedelta(days=1), 60, 9)) == 1
        assert catalogue.finish_index("nothing", index_outcome()) is None
        assert catalogue.end_job("nothing", JobState.FAILED, FAILURE) is False

    def test_job_of_the_wrong_kind_or_end_is_a_bug(self, catalogue: SqlCatalogue) -> None:
        catalogue.add_video(video(), index_job(video()))
        with pytest.raises(ValueError, match="not Redaction"):
            catalogue.finish_redaction(index_job(video()).job_id, redaction_outcome())
        with pytest.raises(ValueError, match="Succeeded"):
            catalogue.end_job(index_job(video()).job_id, JobState.SUCCEEDED, FAILURE)

    def test_failed_first_index_fails_its_video_and_all_that_waits(self, catalogue: SqlCatalogue) -> None:
        job = index_job(video(), callback_url="https://example.org/1")
        output, waiting = redaction(
            video(), 2, state=JobState.WAITING, waits_for=job.job_id, callback_url="https://example.org/2"
        )
        catalogue.add_video(video(), job, followed_by=(output, waiting))
        assert catalogue.end_job(job.job_id, JobState.FAILED, FAILURE) is True
        for job_id in (job.job_id, waiting.job_id):
            ended = catalogue.job(OWN, job_id)
            assert (ended.state, ended.failure) == (JobState.FAILED, FAILURE)
        for video_id in (video().video_id, output.video_id):
            shown = catalogue.video(OWN, video_id)
            assert (shown.state, shown.failure) == (VideoState.FAILED, FAILURE)
        calls = catalogue.claim_callbacks(START + timedelta(days=1), 60, 9)
        assert {call.url for call in calls} == {
            f"https://example.org/1?id={video().video_id}&state=Failed",
            f"https://example.org/2?id={output.video_id}&state=Failed",
        }

    def test_failed_new_index_leaves_the_video_with_its_older_one(self, catalogue: SqlCatalogue) -> None:
        indexed = video(state=VideoState.PROCESSED, progress=100, index_version=1, has_faces_index=True)
        catalogue.add_video(indexed)
        catalogue.add_index_job(index_job(video(), callback_url="https://e"), OPTIONS)
        catalogue.end_job(index_job(video()).job_id, JobState.FAILED, FAILURE)
        after = catalogue.video(OWN, video().video_id)
        assert (after.state, after.progress, after.failure) == (VideoState.PROCESSED, 100, None)
        (call,) = catalogue.claim_callbacks(START + timedelta(days=1), 60, 9)
        assert call.url.endswith("state=Failed")

    def test_new_index_job_puts_the_video_back_to_work(self, catalogue: SqlCatalogue) -> None:
        catalogue.add_video(video(state=VideoState.FAILED, progress=30, failure=FAILURE))
        options = IndexOptions("VideoOnly", False, "NoStreaming", False)
        catalogue.add_index_job(index_job(video()), options)
        after = catalogue.video(OWN, video().video_id)
        assert (after.state, after.progress, after.failure) == (VideoState.PROCESSING, 0, None)
        assert after.options == options

    def test_busy_video_takes_no_further_job_in_its_way(self, catalogue: SqlCatalogue) -> None:
        original, output, job = self.redacting(catalogue)
        with pytest.raises(VideoBusyError, match=job.job_id):
            catalogue.add_index_job(index_job(original, 5), OPTIONS)
        with pytest.raises(VideoBusyError, match=job.job_id):
            catalogue.add_index_job(index_job(output, 5), OPTIONS)
        catalogue.add_redaction(*redaction(original, 6))
        catalogue.add_video(video(7), index_job(video(7), 7))
        with pytest.raises(VideoBusyError, match=video(7).video_id):
            catalogue.add_redaction(*redaction(video(7), 8))
        with pytest.raises(VideoNotFoundError):
            catalogue.add_redaction(*redaction(video(9), 9))

    def test_jobs_are_listed_and_counted(self, catalogue: SqlCatalogue) -> None:
        states = [JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED, JobState.WAITING, JobState.FAILED]
        for number, state in enumerate(states, 1):
            job = index_job(video(number), number, state=state, num_frames=100, work_s=1.5)
            catalogue.add_video(video(number), job)
        catalogue.add_video(video(9, owner=2), index_job(video(9, owner=2), 9, created=START))
        page, total = catalogue.list_jobs(OWN, skip=1, limit=2)
        assert ([one.state for one in page], total) == ([JobState.WAITING, JobState.SUCCEEDED], 5)
        assert [one.account_id for one in catalogue.open_jobs()] == [OTHER, OWN, OWN]
        assert (catalogue.num_open_jobs(), catalogue.num_open_jobs(OWN)) == (4, 3)
        counts = catalogue.job_counts()
        assert counts[JobKind.INDEX, JobState.QUEUED] == 2
        assert sum(counts.values()) == 6
        assert catalogue.job_totals() == {JobKind.INDEX: (500, 7.5)}
        assert catalogue.oldest_queued() == START

    def test_active_jobs_are_the_open_and_the_new(self, catalogue: SqlCatalogue) -> None:
        states = [JobState.WAITING, JobState.SUCCEEDED, JobState.RUNNING, JobState.FAILED, JobState.QUEUED]
        for number, state in enumerate(states, 1):
            created = START + timedelta(seconds=number)
            job = index_job(video(number), number, state=state, created=created)
            catalogue.add_video(video(number), job)
        catalogue.add_video(video(9, owner=2), index_job(video(9, owner=2), 9))
        since = START + timedelta(seconds=4)
        found = catalogue.active_jobs(OWN, since)
        assert [one.state for one in found] == [states[0], *states[2:]]
        later = catalogue.active_jobs(OWN, since + timedelta(seconds=1))
        assert [one.state for one in later] == [states[0], states[2], states[4]]

    def test_empty_catalogue_has_no_jobs(self, catalogue: SqlCatalogue) -> None:
        assert catalogue.open_jobs() == ()
        assert catalogue.oldest_queued() is None
        assert catalogue.job_counts() == {}
        assert catalogue.job_totals() == {}

    # -- races

    def test_one_of_many_that_end_a_job_wins(self, catalogue: SqlCatalogue) -> None:
        for number in range(1, 6):
            job = index_job(video(number), number, callback_url="https://example.org")
            output, waiting = redaction(
                video(number), 100 + number, state=JobState.WAITING, waits_for=job.job_id
            )
            catalogue.add_video(video(number), job, followed_by=(output, waiting))
            catalogue.begin_job(job.job_id)

            def end(racer: int, job: Job = job) -> bool:
                if racer % 2:
                    return catalogue.end_job(job.job_id, JobState.CANCELLED, FAILURE)
                return catalogue.finish_index(job.job_id, index_outcome()) is not None

            assert sum(all_at_once(6, end)) == 1
            has_won = catalogue.job(OWN, job.job_id).state is JobState.SUCCEEDED
            shown = catalogue.video(OWN, video(number).video_id)
            assert shown.state is (VideoState.PROCESSED if has_won else VideoState.FAILED)
            released = catalogue.job(OWN, waiting.job_id).state
            assert released is (JobState.QUEUED if has_won else JobState.CANCELLED)
        assert len(catalogue.claim_callbacks(START + timedelta(days=1), 60, 99)) == 5

    def test_video_is_removed_once_and_no_job_of_it_stays_open(self, catalogue: SqlCatalogue) -> None:
        for number in range(1, 6):
            indexed = video(number, state=VideoState.PROCESSED, index_version=1)
            catalogue.add_video(indexed)

            def act(racer: int, indexed: Video = indexed, number: int = number) -> str:
                try:
                    if racer % 2:
                        catalogue.remove_video(OWN, indexed.video_id)
                        return "removed"
                    output, job = redaction(indexed, 100 * number + racer)
                    catalogue.add_redaction(output, job)
                    catalogue.begin_job(job.job_id)
                except VideoNotFoundError:
                    return "not there"
                return "added"

            assert all_at_once(6, act).count("removed") == 1
        assert catalogue.open_jobs() == ()
        assert catalogue.num_open_jobs() == 0
        left = catalogue.find_videos(OWN, VideoFilter(created_after=START), skip=0, limit=99)
        assert catalogue.num_videos(OWN) == left.total == len(left.videos)

    def test_one_of_many_new_index_jobs_is_taken(self, catalogue: SqlCatalogue) -> None:
        catalogue.add_video(video(state=VideoState.PROCESSED, index_version=1))

        def add(racer: int) -> bool:
            try:
                catalogue.add_index_job(index_job(video(), racer), OPTIONS)
            except VideoBusyError:
                return False
            return True

        assert sum(all_at_once(6, add)) == 1

    # -- calls back

    def test_call_back_is_leased_to_one_and_comes_back_when_the_lease_ends(
        self, catalogue: SqlCatalogue, clock: StillClock
    ) -> None:
        job = index_job(video(), callback_url="https://example.org")
        catalogue.add_video(video(), job)
        assert catalogue.claim_callbacks(clock.now(), 60, 9) == ()
        catalogue.end_job(job.job_id, JobState.FAILED, FAILURE)
        claims = all_at_once(6, lambda _: catalogue.claim_callbacks(clock.now(), 60, 9))
        assert sorted(map(len, claims)) == [0, 0, 0, 0, 0, 1]
        clock.move(59)
        assert catalogue.claim_callbacks(clock.now(), 60, 9) == ()
        clock.move(1)
        (again,) = catalogue.claim_callbacks(clock.now(), 60, 9)
        assert (again.job_id, again.attempts) == (job.job_id, 0)
        catalogue.settle_callback(again.callback_id, clock.now() + timedelta(seconds=5))
        clock.move(5)
        (third,) = catalogue.claim_callbacks(clock.now(), 60, 9)
        assert third == replace(again, attempts=1)
        catalogue.settle_callback(third.callback_id, None)
        clock.move(1000)
        assert catalogue.claim_callbacks(clock.now(), 60, 9) == ()

    def test_no_more_calls_are_claimed_than_asked_for(self, catalogue: SqlCatalogue) -> None:
        for number in range(1, 4):
            job = index_job(video(number), number, callback_url="https://example.org")
            catalogue.add_video(video(number), job)
            catalogue.end_job(job.job_id, JobState.FAILED, FAILURE)
        assert len(catalogue.claim_callbacks(START + timedelta(days=1), 60, 2)) == 2
        assert len(catalogue.claim_callbacks(START + timedelta(days=1), 60, 2)) == 1

    # -- heartbeats

    def test_worker_is_silent_by_the_clock_of_the_database(self, catalogue: SqlCatalogue) -> None:
        catalogue.beat("a")
        catalogue.beat("a")
        catalogue.beat("b")
        assert catalogue.living_workers(60) == 2
        assert catalogue.silent_workers(60) == ()
        assert catalogue.claim_silent("a", 60) is False
        # A limit below zero: the present is silent already, without a wait.
        assert set(catalogue.silent_workers(-1)) == {"a", "b"}
        assert sum(all_at_once(6, lambda _: catalogue.claim_silent("a", -1))) == 1
        assert catalogue.living_workers(60) == 1
        catalogue.retire("b")
        assert catalogue.living_workers(60) == 0
        assert catalogue.claim_silent("b", -1) is False

    def test_ping_reaches_the_database(self, catalogue: SqlCatalogue) -> None:
        catalogue.ping()

    def test_stored_sources_larger_than_four_gigabytes_keep_their_size(self, catalogue: SqlCatalogue) -> None:
        huge = StoredSource("k", 30 * 2**30, "00" * 32)
        catalogue.add_video(video(source=huge))
        assert catalogue.video(OWN, video().video_id).source == huge
