"""Reading JSON that nobody vouches for: size limits before parsing, then types checked field by field."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from json import JSONDecodeError
from pathlib import Path
from typing import Any, NoReturn

from efface.domain.errors import IndexFormatError
from efface.domain.text import is_printable

_RATIO = re.compile(r"(\d{1,18})(?:/(\d{1,18}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a JSON file may be, counted on the raw bytes: no small file may grow into a large tree."""

    max_bytes: int
    max_values: int
    """Commas in the file: one Python object each."""
    max_containers: int
    """Opening brackets and braces in the file: the objects that cost most."""


def read_json(path: Path, limits: Limits) -> "Fields":
    """Parse a UTF-8 JSON file whose outermost value is an object.

    Raises:
        IndexFormatError: missing, unreadable, too large, or not such a file.
    """
    return parse_json(_read_bytes(path, limits.max_bytes), path, limits)


def parse_json(raw: bytes, path: Path, limits: Limits) -> "Fields":
    """Parse UTF-8 JSON whose outermost value is an object.

    Args:
        raw: the text, whose size whoever has read it has limited.
        path: what messages call it.
        limits: how much it may hold.

    Raises:
        IndexFormatError: too large, or not such a text.
    """
    containers = raw.count(b"[") + raw.count(b"{")
    if raw.count(b",") > limits.max_values or containers > limits.max_containers:
        raise IndexFormatError(f"{path} holds more values than a true file of this kind can have")
    try:
        tree = json.loads(
            raw.decode("utf-8-sig"), object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant
        )
    except JSONDecodeError as error:
        raise IndexFormatError(f"{path} is not valid JSON at line {error.lineno}: {error.msg}") from error
    except ValueError as error:  # not UTF-8, a doubled key, NaN, or a number of thousands of digits
        raise IndexFormatError(f"{path} is not valid JSON: {error}") from error
    except RecursionError as error:
        raise IndexFormatError(f"{path} is not valid JSON: it is nested too deeply") from error
    if not isinstance(tree, dict):
        raise IndexFormatError(f"{path} holds no JSON object")
    return Fields(path, "", tree)


def read_text(path: Path, max_bytes: int) -> str:
    """Read a UTF-8 text file.

    Raises:
        IndexFormatError: missing, unreadable, too large, or not UTF-8.
    """
    try:
        return _read_bytes(path, max_bytes).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise IndexFormatError(f"{path} is not UTF-8 text") from error


def _read_bytes(path: Path, max_bytes: int) -> bytes:
    try:
        if not path.is_file():
            raise IndexFormatError(f"{path} is not a file: give the path of an existing one")
        with path.open("rb") as file:
            raw = file.read(max_bytes + 1)
    except OSError as error:
        raise IndexFormatError(f"{path} cannot be read: {error.strerror}") from error
    if len(raw) > max_bytes:
        raise IndexFormatError(f"{path} is larger than {max_bytes // 1_000_000} MB, the most that is read")
    return raw


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {twice!r} occurs twice in one object")
    return record


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one JSON object, read by name and type; every error names file and field."""

    path: Path
    place: str
    """Where the object is in the file, e.g. ``tracks[3]``; empty for the outermost."""
    values: dict[str, Any]

    def fail(self, key: str, problem: str) -> NoReturn:
        """Raise the error for one field."""
        name = ".".join(part for part in (self.place, key) if part)
        raise IndexFormatError(f"{self.path}: {name or 'the file'} {problem}")

    def expect_only(self, *known: str) -> None:
        """Refuse keys that the format does not have: most are slips of the hand, which must not go unseen."""
        for key in self.values:
            if key not in known:
                self.fail(key, f"is not a field of the format here: use {', '.join(known)}")

    def has(self, key: str) -> bool:
        """True when the field is there and not null."""
        return self.values.get(key) is not None

    def integer(self, key: str, low: int, high: int) -> int:
        """A whole number within ``low .. high``, both included."""
        value = self._get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.fail(key, f"must be a whole number from {low} to {high}, not {_short(value)}")
        return value

    def number(self, key: str, low: float, high: float) -> float:
        """A finite number within ``low .. high``, both included."""
        value = self._get(key)
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            self.fail(key, f"must be a number from {low:g} to {high:g}, not {_short(value)}")
        return float(value)

    def text(self, key: str, max_chars: int) -> str:
        """A string without control characters."""
        value = self._get(key)
        if not isinstance(value, str) or len(value) > max_chars or not is_printable(value):
            self.fail(key, f"must be printable text of at most {max_chars} characters, not {_short(value)}")
        return value

    def column(self, key: str) -> str:
        """A string of any length, checked by whoever decodes it."""
        value = self._get(key)
        if not isinstance(value, str):
            self.fail(key, f"must be a column of numbers in quotes, not {_short(value)}")
        return value

    def ratio(self, key: str) -> Fraction:
        """A positive fraction, written ``"30000/1001"`` or ``"25"``."""
        value = self._get(key)
        match = _RATIO.fullmatch(value) if isinstance(value, str) else None
        if match is None or int(match[1]) == 0 or int(match[2] or 1) == 0:
            self.fail(key, f'must be a positive fraction such as "30000/1001", not {_short(value)}')
        return Fraction(int(match[1]), int(match[2] or 1))

    def record(self, key: str) -> "Fields":
        """A nested object."""
        value = self._get(key)
        if not isinstance(value, dict):
            self.fail(key, f"must be an object in braces, not {_short(value)}")
        return Fields(self.path, f"{self.place}.{key}" if self.place else key, value)

    def items(self, key: str) -> list[Any]:
        """A list of anything."""
        value = self._get(key)
        if not isinstance(value, list):
            self.fail(key, f"must be a list in brackets, not {_short(value)}")
        return value

    def records(self, key: str) -> "Iterator[Fields]":
        """A list of objects."""
        for i, value in enumerate(self.items(key)):
            name = f"{key}[{i}]"
            if not isinstance(value, dict):
                self.fail(name, f"must be an object in braces, not {_short(value)}")
            yield Fields(self.path, f"{self.place}.{name}" if self.place else name, value)

    def integers(self, key: str, low: int, high: int) -> tuple[int, ...]:
        """A list of whole numbers within ``low .. high``."""
        values = self.items(key)
        row = Fields(self.path, self.place, {f"{key}[{i}]": value for i, value in enumerate(values)})
        return tuple(row.integer(name, low, high) for name in row.values)

    def _get(self, key: str) -> Any:
        if key not in self.values:
            self.fail(key, "is missing")
        return self.values[key]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
