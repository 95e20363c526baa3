"""What every catalogue must do with corrections by hand."""

import pytest

from efface.domain.errors import EditsChangedError, VideoNotFoundError
from efface.domain.service import EditsRevision
from efface.storage import SqlCatalogue
from tests.storage.catalogue_contract import OTHER, OWN, all_at_once
from tests.storage.records import START, StillClock, video


class CorrectionsContract:
    """Fixtures ``catalogue`` (empty but for accounts 1 and 2) and ``clock`` come from the subclass's module."""

    def test_revisions_follow_one_another_and_each_is_kept(
        self, catalogue: SqlCatalogue, clock: StillClock
    ) -> None:
        catalogue.add_video(video())
        video_id = video().video_id
        assert catalogue.edits_revision(OWN, video_id) is None
        first = catalogue.add_edits(OWN, video_id, expected=0, index_version=1, key="a/1")
        clock.move(5)
        second = catalogue.add_edits(OWN, video_id, expected=1, index_version=2, key="a/2")
        assert first == EditsRevision(1, 1, "a/1", START)
        assert second == EditsRevision(2, 2, "a/2", clock.now())
        assert catalogue.edits_revision(OWN, video_id) == second
        assert catalogue.edits_revision(OWN, video_id, 1) == first
        assert catalogue.edits_revision(OWN, video_id, 3) is None
        assert catalogue.video(OWN, video_id).modified == clock.now()

    def test_revision_that_is_not_the_newest_any_more_is_not_followed(self, catalogue: SqlCatalogue) -> None:
        catalogue.add_video(video())
        video_id = video().video_id
        catalogue.add_edits(OWN, video_id, expected=0, index_version=1, key="a/1")
        for expected in (0, 2):
            with pytest.raises(EditsChangedError, match="1 is") as caught:
                catalogue.add_edits(OWN, video_id, expected=expected, index_version=1, key="late")
            assert (caught.value.expected, caught.value.current) == (expected, 1)
        found = catalogue.edits_revision(OWN, video_id)
        assert found is not None
        assert found.key == "a/1"

    def test_of_many_who_save_at_once_one_succeeds(self, catalogue: SqlCatalogue) -> None:
        catalogue.add_video(video())
        video_id = video().video_id

        def save(number: int) -> str:
            try:
                catalogue.add_edits(OWN, video_id, expected=0, index_version=1, key=f"a/{number}")
            except EditsChangedError:
                return "refused"
            return f"a/{number}"

        saved = [key for key in all_at_once(6, save) if key != "refused"]
        found = catalogue.edits_revision(OWN, video_id)
        assert found is not None
        assert saved == [found.key]

    def test_other_accounts_have_no_such_video(self, catalogue: SqlCatalogue) -> None:
        catalogue.add_video(video())
        video_id = video().video_id
        catalogue.add_edits(OWN, video_id, expected=0, index_version=1, key="a/1")
        assert catalogue.edits_revision(OTHER, video_id) is None
        assert catalogue.forget_edits(OTHER, video_id, 9) == ()
        with pytest.raises(VideoNotFoundError):
            catalogue.add_edits(OTHER, video_id, expected=0, index_version=1, key="b/1")

    def test_old_revisions_are_forgotten_and_their_documents_named(self, catalogue: SqlCatalogue) -> None:
        catalogue.add_video(video())
        video_id = video().video_id
        for number in range(4):
            catalogue.add_edits(OWN, video_id, expected=number, index_version=1, key=f"a/{number + 1}")
        assert sorted(catalogue.forget_edits(OWN, video_id, 3)) == ["a/1", "a/2"]
        assert catalogue.forget_edits(OWN, video_id, 3) == ()
        assert [catalogue.edits_revision(OWN, video_id, n) is None for n in (2, 3)] == [True, False]

    def test_revisions_go_with_their_video(self, catalogue: SqlCatalogue) -> None:
        catalogue.add_video(video())
        video_id = video().video_id
        catalogue.add_edits(OWN, video_id, expected=0, index_version=1, key="a/1")
        catalogue.remove_video(OWN, video_id)
        assert catalogue.edits_revision(OWN, video_id) is None
