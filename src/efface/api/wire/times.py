"""Times as Azure writes and clients send them."""

import re
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache

_TICKS = 10_000_000
"""Azure counts tenths of microseconds."""
_LOST_PLUS = re.compile(r"(\d) (\d\d:?\d\d)$")


def date_time(moment: datetime) -> str:
    """``2026-01-05T10:00:00.1234560+00:00``: moments in the life of a video."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}0+00:00"


def job_time(moment: datetime) -> str:
    """``2026-01-05T10:00:00.1234560Z``: moments in the life of a job."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z"


@lru_cache(maxsize=16384)
def in_video(seconds: float) -> str:
    """``0:00:01.4333333``: a moment in a video; the fraction has no zeros at its end.

    Kept, because an index tells each moment twice and is asked for again and again: half the time of its making.
    """
    ticks = round(max(0.0, seconds) * _TICKS)
    whole, fraction = divmod(ticks, _TICKS)
    text = f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{text}.{fraction:07d}".rstrip("0") if fraction else text


def parse_date_time(text: str) -> datetime:
    """A moment as clients send it (RFC 3339); without a zone it is UTC.

    Raises:
        ValueError: not a moment.
    """
    # A plus sign that a client has not encoded arrives as a space.
    moment = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", text.strip()))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def seconds_from_start(text: str) -> Fraction:
    """Seconds out of ``12.5``, ``1:02.5`` or ``0:01:02.5``.

    Raises:
        ValueError: it is none of these.
    """
    parts = text.strip().split(":")
    if len(parts) > 3 or not all(part.isascii() and part.isdigit() for part in parts[:-1]):
        raise ValueError(text)
    whole, dot, rest = parts[-1].partition(".")
    if not (whole.isascii() and whole.isdigit()) or (dot and not (rest.isascii() and rest.isdigit())):
        raise ValueError(text)
    if len(text) > 40 or any(int(part) > 59 for part in parts[1:-1]) or (len(parts) > 1 and int(whole) > 59):
        raise ValueError(text)
    seconds = Fraction(parts[-1])
    for part, unit in zip(reversed(parts[:-1]), (60, 3600), strict=False):
        seconds += int(part) * unit
    return seconds
