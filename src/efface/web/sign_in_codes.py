"""Codes that sign in once: whoever can read the terminal of this machine may use its first account."""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from efface.domain.errors import ConfigurationError
from efface.ports import Clock

LIFETIME = timedelta(hours=1)
_CODE_BYTES = 24
_MAX_CODE_CHARS = 200


class SignInCodes:
    """Makes codes and takes each back once. Safe for several processes on one folder.

    Only the hash of a code is kept, as the name of a file; taking it removes the file, which only one caller can.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        """
        Args:
            folder: where the files are; made at first use, for its owner only.
            clock: tells when a code is over.
        """
        self._folder = folder
        self._clock = clock

    def make(self, account_id: str) -> str:
        """A code that signs in to an account, once, within the hour.

        Raises:
            ConfigurationError: the folder cannot be written.
        """
        code = secrets.token_urlsafe(_CODE_BYTES)
        ends = self._clock.now() + LIFETIME
        with _mapped_errors(self._folder):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._remove_old()
            # Created under its own name: an empty or half-written file opens nothing.
            descriptor = os.open(self._path(code), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump({"account": account_id, "ends": ends.isoformat()}, file)
        return code

    def take(self, code: str) -> str | None:
        """The account that a code signs in to; from now on the code is worth nothing.

        Returns:
            None for a code that was never made, was taken, or is over.

        Raises:
            ConfigurationError: the folder cannot be read.
        """
        if len(code) > _MAX_CODE_CHARS:
            return None
        path = self._path(code)
        with _mapped_errors(self._folder):
            try:
                text = path.read_text(encoding="utf-8")
                path.unlink()
            except FileNotFoundError:
                return None
        account_id, ends = _parsed(text)
        return account_id if ends is not None and self._clock.now() < ends else None

    def _path(self, code: str) -> Path:
        return self._folder / hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()

    def _remove_old(self) -> None:
        now = self._clock.now()
        for path in self._folder.iterdir():
            try:
                _, ends = _parsed(path.read_text(encoding="utf-8"))
                if ends is not None and ends <= now:
                    path.unlink()
            except FileNotFoundError:
                continue


def _parsed(text: str) -> tuple[str, datetime | None]:
    """The account and the end; no end where the file is not whole."""
    try:
        document = json.loads(text)
        return str(document["account"]), datetime.fromisoformat(document["ends"])
    except (ValueError, KeyError, TypeError):
        return "", None


@contextmanager
def _mapped_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(f"sign-in codes in {folder} cannot be used: {error.strerror}") from error
