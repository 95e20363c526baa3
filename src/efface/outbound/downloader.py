"""Fetching a file."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import httpx

from efface.domain.errors import (
    MediaNotFoundError,
    MediaTooLargeError,
    OutputError,
    RequestError,
    ServiceUnavailableError,
    is_disk_full,
)
from efface.outbound.address_rules import AddressRules
from efface.outbound.file_name import served_file_name
from efface.outbound.guarded_transport import GuardedTransport, shown, time_limit
from efface.outbound.partial_file import PartialFile
from efface.ports import DiskRoom, FetchedFile, Progress
from efface.ports.disk_room import disk_filled_up

_MAX_REDIRECTS = 5
_PAUSES_S = (1.0, 5.0, 15.0)
"""Before each new connection where one has broken."""
_ANSWER_LIMIT_S = 60.0
_SLOWEST_BYTES_PER_S = 2_000
"""On average, else a server that drips would hold a worker for ever."""
_LOOK_EVERY_BYTES = 8_000_000
"""How much is written until the room left is looked at again."""
_WORDS = "the fetched file"
_PASSING = frozenset({408, 425, 429})


@dataclass(slots=True)
class _Fetch:
    """One fetch, over all its connections."""

    url: str
    max_bytes: int
    partial: PartialFile
    progress: Progress
    validator: str | None = None
    """What the server knows this version of the file by, None where it cannot go on in the middle."""
    file_name: str | None = None


class HttpDownloader:
    """``ports.Downloader`` over HTTP.

    Args:
        rules: which addresses may be called.
        pause: waits for some seconds before a broken connection is made anew.
        read_limit_s: seconds that a server may be silent.
        answer_limit_s: seconds until a server has begun to answer, redirects included.
        monotonic: tells how time passes, in seconds.
        room: on the disks that fetched files come to lie on.
    """

    def __init__(
        self,
        rules: AddressRules,
        *,
        pause: Callable[[float], None] = time.sleep,
        read_limit_s: float = 30.0,
        answer_limit_s: float = _ANSWER_LIMIT_S,
        monotonic: Callable[[], float] = time.monotonic,
        room: DiskRoom | None = None,
    ) -> None:
        self._room = room or DiskRoom()
        self._rules = rules
        self._pause = pause
        self._read_limit_s = read_limit_s
        self._answer_limit_s = answer_limit_s
        self._monotonic = monotonic

    def fetch(self, url: str, target: Path, *, max_bytes: int, progress: Progress) -> FetchedFile:
        """See ``ports.Downloader``. A connection that breaks is made anew up to three times, and goes on where it broke
        if the server can do that."""
        temporary = target.with_name(f".{target.name[:40]}.{token_hex(8)}.part")
        try:
            with PartialFile(temporary) as partial:
                fetch = _Fetch(url, max_bytes, partial, progress)
                self._fetch_whole(fetch)
                partial.sync()
                temporary.replace(target)
                _sync_folder(target.parent)
                return FetchedFile(partial.size, partial.sha256, partial.md5, fetch.file_name)
        except OSError as error:
            if is_disk_full(error):
                raise disk_filled_up(_WORDS) from error
            raise OutputError(
                f"{target} cannot be written ({error.strerror}): free some room, or name another folder"
            ) from error
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _fetch_whole(self, fetch: _Fetch) -> None:
        client = httpx.Client(
            transport=GuardedTransport(self._rules),
            timeout=httpx.Timeout(10.0, read=self._read_limit_s),
            trust_env=False,
            follow_redirects=True,
            max_redirects=_MAX_REDIRECTS,
            # Bytes as they lie on the server: packed ones could not be gone on with in the middle.
            headers={"User-Agent": "efface", "Accept": "*/*", "Accept-Encoding": "identity"},
        )
        with client:
            for pause_s in (*_PAUSES_S, None):
                try:
                    self._connect(client, fetch)
                    return
                except httpx.TooManyRedirects as error:
                    raise RequestError(
                        f"{shown(fetch.url)} redirects more than {_MAX_REDIRECTS} times: "
                        "give the URL of the file itself"
                    ) from error
                except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
                    raise RequestError(
                        f"{shown(fetch.url)} cannot be fetched: {error}; give http:// or https://"
                    ) from error
                except httpx.HTTPError as error:
                    if pause_s is None:
                        raise ServiceUnavailableError(
                            f"{shown(fetch.url)} broke off: {str(error) or type(error).__name__}; try again"
                        ) from error
                    self._pause(pause_s)

    def _connect(self, client: httpx.Client, fetch: _Fetch) -> None:
        headers = {}
        if fetch.partial.size and fetch.validator is not None:
            headers = {"Range": f"bytes={fetch.partial.size}-", "If-Range": fetch.validator}
        with time_limit(self._answer_limit_s) as trace:
            request = client.build_request("GET", fetch.url, headers=headers, extensions={"trace": trace})
            answer = client.send(request, stream=True)
        try:
            _require_good(answer, fetch.url)
            if answer.status_code != httpx.codes.PARTIAL_CONTENT or not _goes_on(answer, fetch.partial.size):
                if answer.status_code == httpx.codes.PARTIAL_CONTENT:
                    fetch.validator = None
                    raise httpx.RemoteProtocolError("the server gave another part than was asked for")
                fetch.partial.restart()
                fetch.validator = _validator(answer)
                fetch.file_name = served_file_name(answer.headers.get("content-disposition"), answer.url.path)
            self._read(answer, fetch)
        finally:
            answer.close()

    def _read(self, answer: httpx.Response, fetch: _Fetch) -> None:
        total = _total(answer, fetch.partial.size)
        _require_size(total or 0, fetch)
        self._room.require((total or 0) - fetch.partial.size, _WORDS)
        looked_at = fetch.partial.size
        begun, before = self._monotonic(), fetch.partial.size
        # As they come: chunks of a fixed size would keep a slow server from being noticed, and cancelled.
        for chunk in answer.iter_bytes():
            _require_size(fetch.partial.size + len(chunk), fetch)
            if fetch.partial.size - looked_at >= _LOOK_EVERY_BYTES:
                self._room.go_on(len(chunk), _WORDS)
                looked_at = fetch.partial.size
            fetch.partial.write(chunk)
            fetch.progress.report("fetch", fetch.partial.size, total)
            lasted_s = self._monotonic() - begun
            if lasted_s > _ANSWER_LIMIT_S and fetch.partial.size - before < _SLOWEST_BYTES_PER_S * lasted_s:
                raise httpx.ReadTimeout(f"less than {_SLOWEST_BYTES_PER_S} bytes a second came")
        if total is not None and fetch.partial.size != total:
            raise httpx.RemoteProtocolError(f"{fetch.partial.size} of {total} bytes came")


def _require_good(answer: httpx.Response, url: str) -> None:
    status = answer.status_code
    if status in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT}:
        return
    if status == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
        raise httpx.RemoteProtocolError("the server does not go on where it broke off")
    told = f"{shown(url)} answers {status} {answer.reason_phrase}".rstrip()
    if status in _PASSING or status >= 500:
        raise ServiceUnavailableError(f"{told}; try again")
    raise MediaNotFoundError(f"{told}: give a URL of a file that can be read without signing in")


def _require_size(size: int, fetch: _Fetch) -> None:
    if size > fetch.max_bytes:
        raise MediaTooLargeError(
            f"{shown(fetch.url)} is larger than {fetch.max_bytes} bytes: give a smaller file, or let the "
            "operator raise the limit"
        )


def _validator(answer: httpx.Response) -> str | None:
    if answer.headers.get("accept-ranges", "").lower() != "bytes" or _is_packed(answer):
        return None
    tag: str = answer.headers.get("etag", "")
    # A weak one allows other bytes; a date is good to the second only, and files are seldom replaced within one.
    return tag if tag and not tag.startswith("W/") else answer.headers.get("last-modified")


def _goes_on(answer: httpx.Response, size: int) -> bool:
    said = str(answer.headers.get("content-range", ""))
    return size > 0 and said.startswith(f"bytes {size}-")


def _total(answer: httpx.Response, so_far: int) -> int | None:
    """Bytes of the whole file, None where the server does not say."""
    length = answer.headers.get("content-length", "")
    return so_far + int(length) if length.isascii() and length.isdigit() and not _is_packed(answer) else None


def _is_packed(answer: httpx.Response) -> bool:
    return str(answer.headers.get("content-encoding", "identity")).lower() != "identity"


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
