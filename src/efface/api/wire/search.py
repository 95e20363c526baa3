"""Lists and searches: what clients narrow them by, and where a video holds what was searched for."""

import re
from collections.abc import Iterable

from efface.api.wire.parameters import (
    Moment,
    OptionalFlag,
    PageSize,
    PrivacyWords,
    QueryShape,
    Repeated,
    Skip,
    StateWords,
    Text,
)
from efface.api.wire.times import in_video
from efface.api.wire.video_item import SearchMatch
from efface.domain.service import Account, VideoState
from efface.ports.catalogue import VideoFilter
from efface.usecases.searching import Match

_WORD = re.compile(r'"([^"]+)"|(\S+)')


class ListQuery(QueryShape):
    """Which videos of an account are listed."""

    created_after: Moment = None
    created_before: Moment = None
    partitions: Repeated = ()
    page_size: PageSize = 25
    skip: Skip = 0

    def to_filter(self) -> VideoFilter:
        """The same in the words of the catalogue."""
        return VideoFilter(
            created_after=self.created_after, created_before=self.created_before, partitions=self.partitions
        )


class SearchQuery(QueryShape):
    """Which videos of an account are searched for; each list means one of its items."""

    query: Repeated = ()
    """Words that the name, the description or a named face must all hold; quotes keep words together."""
    face: Repeated = ()
    """Names of faces, in part."""
    state: StateWords = ()
    """Processed ones, unless told otherwise."""
    privacy: PrivacyWords = ()
    id: Repeated = ()
    partition: Repeated = ()
    external_id: Repeated = ()
    owner: Repeated = ()
    """Names of the account, its only user."""
    source_video_id: Text = None
    """Redactions of this video."""
    is_base: OptionalFlag = None
    """All videos are base videos."""
    has_source_video_file: OptionalFlag = None
    created_after: Moment = None
    created_before: Moment = None
    page_size: PageSize = 25
    skip: Skip = 0

    def to_filter(self) -> VideoFilter:
        """The same in the words of the catalogue."""
        return VideoFilter(
            created_after=self.created_after,
            created_before=self.created_before,
            partitions=self.partition,
            states=self.state or (VideoState.PROCESSED,),
            privacies=self.privacy,
            video_ids=tuple(video_id.lower() for video_id in self.id),
            external_ids=self.external_id,
            original_id=self.source_video_id.lower() if self.source_video_id else None,
            has_source=self.has_source_video_file,
            words=tuple(words_of(self.query)),
            face_names=self.face,
        )

    def means_nobody(self, account: Account) -> bool:
        """Whether no video can be meant: none is other than a base video, and none has another owner."""
        owners = {owner.lower() for owner in self.owner}
        return self.is_base is False or bool(owners and account.name.lower() not in owners)


def search_match(match: Match) -> SearchMatch:
    """Where a video holds what was searched for."""
    return SearchMatch(
        start_time=in_video(match.start_s), type=match.kind.value, text=match.text, exact_text=match.found
    )


def words_of(queries: Iterable[str]) -> Iterable[str]:
    """The words of what somebody has typed; quotes keep words together."""
    for query in queries:
        for quoted, plain in _WORD.findall(query):
            yield quoted or plain
