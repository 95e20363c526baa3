"""Reaching web servers of others: to fetch a video, and to tell that a job has ended."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from efface.ports.progress import Progress


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file that was fetched whole."""

    size_bytes: int
    sha256: str
    """64 lower-case hexadecimal digits."""
    md5: str
    """32 lower-case hexadecimal digits."""
    file_name: str | None
    """As the server or the address names it, without folders."""


class Downloader(Protocol):
    """Fetches files by URL."""

    def fetch(self, url: str, target: Path, *, max_bytes: int, progress: Progress) -> FetchedFile:
        """Fetch a file; it appears under its name whole or not at all.

        Args:
            url: ``http`` or ``https``.
            target: the file to make, in a folder that exists.
            max_bytes: the largest size that is taken.
            progress: hears of bytes in the stage ``"fetch"``, and may cancel.

        Raises:
            RequestError: the URL cannot be used, or leads where efface must not go.
            MediaNotFoundError: there is no such file, or it may not be read.
            MediaTooLargeError: it is larger than ``max_bytes``.
            DiskFullError: there is no room for it.
            OutputError: the target cannot be written.
            ServiceUnavailableError: the server does not answer well now; the same call may succeed later.
            Cancelled: on request of ``progress``; nothing is left behind.
        """
        ...


class CallbackSender(Protocol):
    """Makes calls to clients' web servers."""

    def post(self, url: str) -> bool:
        """Make a call with an empty body.

        Returns:
            Whether it was answered well; if not, it may be tried again.

        Raises:
            RequestError: the URL cannot be used, or leads where efface must not go.
        """
        ...
