"""Pages of videos and jobs."""

from collections.abc import Iterable

from efface.api.wire.job import JobItem
from efface.api.wire.shape import WireShape
from efface.api.wire.video_item import VideoItem


class NextPage(WireShape):
    """What to ask for next. When all was told, ``skip`` stays where it is."""

    page_size: int
    skip: int
    done: bool


class VideoList(WireShape):
    """Some videos, newest first."""

    results: tuple[VideoItem, ...]
    next_page: NextPage


class JobList(WireShape):
    """Some jobs, newest first."""

    results: tuple[JobItem, ...]
    next_page: NextPage


def next_page(page_size: int, skip: int, total: int) -> NextPage:
    """What to ask for after a page; one past the end is done too."""
    is_done = skip + page_size >= total
    return NextPage(page_size=page_size, skip=skip if is_done else skip + page_size, done=is_done)


def video_list(items: Iterable[VideoItem], page: NextPage) -> VideoList:
    """A page of videos."""
    return VideoList(results=tuple(items), next_page=page)
