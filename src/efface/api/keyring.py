"""Keys that sign tokens and links, in one file that all API processes of a service share."""

import base64
import fcntl
import hashlib
import hmac
import json
import os
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from efface.domain.errors import ConfigurationError
from efface.ports import Clock

_KEY_BYTES = 32
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key for one purpose."""

    key_id: str
    secret: bytes
    """32 bytes."""


@dataclass(frozen=True, slots=True)
class _StoredKey:
    key_id: str
    secret: bytes
    created: datetime
    retired: datetime | None


class Keyring:
    """Keys by id; the newest signs. A key that was rotated out verifies until nothing it has signed can be valid.

    Safe for several threads, and for several processes on one file: the file is replaced whole, and read again when
    it has changed.
    """

    def __init__(self, path: Path, clock: Clock, keep_s: float) -> None:
        """Open a keyring; its file is made at first use.

        Args:
            path: the file.
            clock: tells when a retired key is over.
            keep_s: seconds for which a retired key still verifies: the longest life of anything signed.
        """
        self._path = path
        self._clock = clock
        self._keep = timedelta(seconds=keep_s)
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._keys: tuple[_StoredKey, ...] = ()

    def signing_key(self, purpose: str) -> SigningKey:
        """The key to sign with. Keys of different purposes share no signature.

        Raises:
            ConfigurationError: the file is readable by others, damaged, or cannot be made.
        """
        newest = next(key for key in reversed(self._current()) if key.retired is None)
        return SigningKey(newest.key_id, _derived(newest.secret, purpose))

    def secret_of(self, key_id: str, purpose: str) -> bytes | None:
        """The secret with this id, None where there is none or its time is over.

        Raises:
            ConfigurationError: as ``signing_key``.
        """
        for key in self._current():
            if hmac.compare_digest(key.key_id.encode(), key_id.encode("utf-8", "replace")):
                return _derived(key.secret, purpose) if self._is_usable(key) else None
        return None

    def rotate(self) -> str:
        """Add a key that signs from now on, and forget those whose time is over.

        Returns:
            Its id.

        Raises:
            ConfigurationError: as ``signing_key``.
        """
        self._current()
        with self._lock, self._exclusive():
            now = self._clock.now()
            kept = [
                key if key.retired else _StoredKey(key.key_id, key.secret, key.created, now)
                for key in self._read()
                if self._is_usable(key)
            ]
            fresh = _new_key(now)
            with _mapped_errors(self._path):
                temporary = self._write_temporary((*kept, fresh))
                temporary.replace(self._path)
            self._stamp = None
        return fresh.key_id

    def _is_usable(self, key: _StoredKey) -> bool:
        return key.retired is None or self._clock.now() < key.retired + self._keep

    def _current(self) -> tuple[_StoredKey, ...]:
        with self._lock:
            stamp = self._file_stamp()
            if stamp is None:
                self._create()
                stamp = self._file_stamp()
            if stamp != self._stamp:
                self._keys, self._stamp = self._read(), stamp
            return self._keys

    def _file_stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigurationError(
                f"signing keys in {self._path} cannot be read: {error.strerror}"
            ) from error
        return found.st_mtime_ns, found.st_ino, found.st_size

    def _create(self) -> None:
        with _mapped_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary = self._write_temporary((_new_key(self._clock.now()),))
            try:
                # A link fails where another process was faster, so that both end with the same key.
                os.link(temporary, self._path)
            except FileExistsError:
                pass
            finally:
                temporary.unlink()

    def _write_temporary(self, keys: tuple[_StoredKey, ...]) -> Path:
        temporary = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"format": _FORMAT, "keys": [_to_document(key) for key in keys]}, file)
            file.flush()
            os.fsync(file.fileno())
        return temporary

    def _read(self) -> tuple[_StoredKey, ...]:
        with _mapped_errors(self._path), self._path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise ConfigurationError(
                    f"signing keys in {self._path} can be read by other users (mode {mode:04o}): "
                    f"run `chmod 600 {self._path}`, then rotate the keys"
                )
            content = file.read()
        try:
            keys = tuple(_from_document(item) for item in json.loads(content)["keys"])
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(
                f"signing keys in {self._path} are damaged: put the file back from a backup, or remove it so that "
                "all tokens and links end"
            ) from error
        if not any(key.retired is None for key in keys):
            raise ConfigurationError(f"{self._path} holds no key that signs: remove it to have one made")
        return keys

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        with _mapped_errors(self._path):
            descriptor = os.open(
                self._path.with_name(f".{self._path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600
            )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


@contextmanager
def _mapped_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(f"signing keys in {path} cannot be used: {error.strerror}") from error


def _derived(secret: bytes, purpose: str) -> bytes:
    return hmac.digest(secret, purpose.encode(), hashlib.sha256)


def _new_key(now: datetime) -> _StoredKey:
    return _StoredKey(secrets.token_hex(8), secrets.token_bytes(_KEY_BYTES), now, None)


def _to_document(key: _StoredKey) -> dict[str, Any]:
    return {
        "id": key.key_id,
        "secret": base64.b64encode(key.secret).decode(),
        "created": key.created.isoformat(),
        "retired": key.retired.isoformat() if key.retired else None,
    }


def _from_document(item: dict[str, Any]) -> _StoredKey:
    secret = base64.b64decode(item["secret"], validate=True)
    if len(secret) != _KEY_BYTES:
        raise ValueError("a key has a wrong length")
    retired = datetime.fromisoformat(item["retired"]) if item["retired"] else None
    return _StoredKey(str(item["id"]), secret, datetime.fromisoformat(item["created"]), retired)
