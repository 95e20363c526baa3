"""Objects by obstore: S3 and Azure Blob whole, and the reads of a local folder."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore as Store

from efface.domain.errors import ServiceUnavailableError
from efface.storage.objects.file_cache import FileCache
from efface.storage.objects.keys import is_key, no_object, require_key

CHUNK_BYTES = 1_000_000
"""Most bytes that ``iter_range`` gives at once."""
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound")
_PART_BYTES = 16 * 2**20
"""Of a file that is sent or fetched: 10,000 of them, as many as S3 takes, hold 160 GB."""
_PARTS_AT_ONCE = 3
"""So that a file of any size needs less than 100 MB of memory."""


class ObstoreObjectStore:
    """``ports.ObjectStore`` in S3 or Azure Blob storage; safe for several threads and processes.

    What is killed while it sends leaves parts that no reader sees; let a lifecycle rule of the bucket remove those.
    """

    def __init__(self, store: Store, place: str, cache: FileCache) -> None:
        self._store = store
        self._place = place
        self._cache = cache

    def put_file(self, key: str, path: Path) -> None:
        """See ``ports.ObjectStore``. The file stays where it is."""
        require_key(key)
        with self._mapped(key):
            obstore.put(self._store, key, path, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE)

    def put_bytes(self, key: str, data: bytes) -> None:
        """See ``ports.ObjectStore``."""
        require_key(key)
        with self._mapped(key):
            obstore.put(self._store, key, data, use_multipart=False)

    def get_bytes(self, key: str) -> bytes:
        """See ``ports.ObjectStore``."""
        with self._reading(key):
            return bytes(obstore.get(self._store, key).bytes())

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """See ``ports.ObjectStore``."""
        if length > 0:
            try:
                with self._reading(key):
                    return bytes(obstore.get_range(self._store, key, start=start, length=length))
            except ServiceUnavailableError:
                # The stores call it an error, each its own, to begin at the end or beyond it.
                if start < self.size(key):
                    raise
        else:
            self.size(key)
        return b""

    def iter_range(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """See ``ports.ObjectStore``. Whether there is such an object shows at the call, not at the first chunk.

        Each chunk is asked for by itself, so that a client who pauses holds no connection to the store.
        """
        first = self.get_range(key, start, min(CHUNK_BYTES, end - start))
        return chain([first] if first else [], self._rest(key, start + len(first), end) if first else ())

    def size(self, key: str) -> int:
        """See ``ports.ObjectStore``."""
        with self._reading(key):
            return int(obstore.head(self._store, key)["size"])

    def has(self, key: str) -> bool:
        """See ``ports.ObjectStore``."""
        if not is_key(key):
            return False
        try:
            with self._mapped(key):
                obstore.head(self._store, key)
        except FileNotFoundError:
            return False
        return True

    def delete(self, prefix: str) -> None:
        """See ``ports.ObjectStore``. Copies in this machine's cache go too, those that are being read excepted."""
        require_key(prefix)
        with self._mapped(prefix):
            self._delete_keys([prefix])
            for found in obstore.list(self._store, prefix, chunk_size=500):
                self._delete_keys([one["path"] for one in found])

    def local_file(self, key: str) -> AbstractContextManager[Path]:
        """See ``ports.ObjectStore``. A copy in the cache, fetched once for all processes of this machine."""
        with self._reading(key):
            seen = obstore.head(self._store, key)
        version = f"{seen['e_tag']} {seen['size']}"
        return self._cache.file(
            key, version, seen["size"], lambda: self._parts(key, seen["e_tag"], seen["size"])
        )

    def trim_cache(self) -> None:
        """Remove copies that nobody has read for long; for a process that cleans up now and then."""
        self._cache.trim()

    def _rest(self, key: str, start: int, end: int) -> Iterator[bytes]:
        while start < end:
            chunk = self.get_range(key, start, min(CHUNK_BYTES, end - start))
            if not chunk:
                return
            yield chunk
            start += len(chunk)

    def _parts(self, key: str, e_tag: str | None, size: int) -> Iterator[bytes]:
        """An object of this very version, a part at a time: one request for 5 GB would outlast every time limit."""
        for start in range(0, size, _PART_BYTES):
            with self._reading(key):
                options: obstore.GetOptions = {"range": (start, min(start + _PART_BYTES, size))}
                if e_tag is not None:
                    options["if_match"] = e_tag
                yield bytes(obstore.get(self._store, key, options=options).bytes())

    def _delete_keys(self, keys: list[str]) -> None:
        for key in keys:
            self._cache.forget(key)
        try:
            obstore.delete(self._store, keys)
        except FileNotFoundError:
            # One is gone already (Azure tells so): the others must go all the same.
            for key in keys if len(keys) > 1 else ():
                self._delete_keys([key])

    @contextmanager
    def _reading(self, key: str) -> Iterator[None]:
        if not is_key(key):
            raise no_object(key)
        try:
            with self._mapped(key):
                yield
        except FileNotFoundError as error:
            raise no_object(key) from error

    @contextmanager
    def _mapped(self, key: str) -> Iterator[None]:
        try:
            yield
        except (BaseError, FileNotFoundError) as error:
            if any(word in str(error) for word in _NO_BUCKET):
                # A store that is set up wrongly must not pass for one that lacks an object.
                raise unavailable(self._place, key, "there is no such bucket or container") from error
            if isinstance(error, FileNotFoundError):
                raise
            raise unavailable(self._place, key, str(error)) from error


def unavailable(place: str, key: str, reason: str) -> ServiceUnavailableError:
    """The error for a store that does not do what was asked of it; only the first line of what it says is kept."""
    first = reason.strip().partition("\n")[0].rstrip(".:")
    return ServiceUnavailableError(
        f"the object store {place} failed at {key}: {first}; try again, or check its settings"
    )
