"""Query parameters as clients write them: any case, spaces around, numbers and switches as text.

An empty value counts as not given.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from efface.api.flags import Flag
from efface.api.wire.times import parse_date_time
from efface.domain.service import Priority, Privacy, VideoState

_MAX_INT = 2**31 - 1
_SHOWN = 80
"""Characters of a wrong value that a message repeats."""

Choice = TypeVar("Choice")


class QueryShape(BaseModel):
    """The query parameters of an operation. Those that it does not name are ignored."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


def unusable(value: object, wanted: str) -> PydanticCustomError:
    """The refusal of a value; the answer names the parameter."""
    shown = str(value)[:_SHOWN]
    return PydanticCustomError("parameter", "'{shown}' is not {wanted}", {"shown": shown, "wanted": wanted})


def is_blank(value: object) -> bool:
    """Whether a value counts as not given."""
    return value is None or (isinstance(value, str) and not value.strip())


def one_of(words: Mapping[str, Choice]) -> Callable[[object], Choice]:
    """A reader of one word of several, in any case.

    Args:
        words: what each word stands for, spelt as Azure spells it.
    """
    by_lower = {word.lower(): meaning for word, meaning in words.items()}
    allowed = "one of " + ", ".join(words)

    def read(value: object) -> Choice:
        found = by_lower.get(str(value).strip().lower())
        if found is None:
            raise unusable(value, allowed)
        return found

    return read


def read_text(value: object) -> object:
    """Text without spaces around it; None where nothing is left."""
    return (value.strip() or None) if isinstance(value, str) else value


def read_list(value: object) -> object:
    """Items of a parameter that is repeated, or given once with commas between, or both."""
    if value is None:
        return ()
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple):
        return value
    return tuple(item.strip() for text in given for item in str(text).split(",") if item.strip())


def read_repeated(value: object) -> object:
    """Items of a parameter that is repeated; a comma belongs to its item."""
    given = [value] if isinstance(value, str) else value or []
    if not isinstance(given, list | tuple):
        return value
    return tuple(str(item).strip() for item in given if str(item).strip())


def listed(words: Mapping[str, Choice]) -> Callable[[object], tuple[Choice, ...]]:
    """A reader of a list of words, each one of several in any case."""
    read = one_of(words)

    def read_all(value: object) -> tuple[Choice, ...]:
        items = read_list(value)
        return tuple(read(item) for item in items) if isinstance(items, tuple) else ()

    return read_all


def whole_number(least: int, most: int = _MAX_INT) -> Callable[[object], object]:
    """A reader of a whole number between two bounds, both included."""
    bounds = f"a whole number from {least} to {most}"

    def read(value: object) -> object:
        text = str(value).strip()
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= 10):
            raise unusable(value, bounds)
        if not least <= int(text) <= most:
            raise unusable(value, bounds)
        return int(text)

    return read


def or_default(read: Callable[[object], Any], default: object) -> Callable[[object], Any]:
    """The same reader, with a value for parameters that are empty."""
    return lambda value: default if is_blank(value) else read(value)


def _read_moment(value: object) -> object:
    if isinstance(value, datetime):
        return value
    try:
        return parse_date_time(str(value))
    except (ValueError, OverflowError):
        raise unusable(value, "a date and time of RFC 3339 such as 2026-01-05T10:00:00Z") from None


def _words(words: Mapping[str, Any], default: str | None = None) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "enum": list(words)}
    return schema if default is None else {**schema, "default": default}


PRIORITIES = {"Low": Priority.LOW, "Normal": Priority.NORMAL, "High": Priority.HIGH}
PRIVACIES = {privacy.value: privacy for privacy in Privacy}
THUMBNAIL_FORMATS = {word: word for word in ("Jpeg", "Base64")}
CAPTION_FORMATS = {word: word for word in ("Vtt", "Ttml", "Srt", "Txt", "Csv")}
STATES = {state.value: state for state in VideoState}

Text = Annotated[str | None, BeforeValidator(read_text)]
"""Free text, None where it is not given."""
CommaList = Annotated[tuple[str, ...], BeforeValidator(read_list)]
"""Words with commas between, or the parameter repeated."""
Repeated = Annotated[tuple[str, ...], BeforeValidator(read_repeated)]
"""The parameter repeated."""
Switch = Annotated[Flag, BeforeValidator(lambda value: False if value is None else value)]
"""Yes or no."""
OptionalFlag = Annotated[Flag | None, BeforeValidator(or_default(lambda value: value, None))]
"""Yes, no, or not given."""
PriorityWord = Annotated[
    Priority,
    BeforeValidator(or_default(one_of(PRIORITIES), Priority.NORMAL)),
    WithJsonSchema(_words(PRIORITIES, "Normal")),
]
PrivacyWord = Annotated[
    Privacy,
    BeforeValidator(or_default(one_of(PRIVACIES), Privacy.PRIVATE)),
    WithJsonSchema(_words(PRIVACIES, "Private")),
]
OptionalPrivacy = Annotated[
    Privacy | None,
    BeforeValidator(or_default(one_of(PRIVACIES), None)),
    WithJsonSchema(_words(PRIVACIES)),
]
StateWords = Annotated[
    tuple[VideoState, ...],
    BeforeValidator(listed(STATES)),
    WithJsonSchema({"type": "array", "items": _words(STATES)}),
]
PrivacyWords = Annotated[
    tuple[Privacy, ...],
    BeforeValidator(listed(PRIVACIES)),
    WithJsonSchema({"type": "array", "items": _words(PRIVACIES)}),
]
Moment = Annotated[
    datetime | None,
    BeforeValidator(or_default(_read_moment, None)),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
RetentionDays = Annotated[
    int | None,
    BeforeValidator(or_default(whole_number(1, 7), None)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 7}),
]
PageSize = Annotated[
    int,
    BeforeValidator(or_default(whole_number(1, 1000), 25)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 1000, "default": 25}),
]
PictureSide = Annotated[
    int | None,
    BeforeValidator(or_default(whole_number(16, 1280), None)),
    WithJsonSchema({"type": "integer", "minimum": 16, "maximum": 1280}),
]
Skip = Annotated[
    int,
    BeforeValidator(or_default(whole_number(0), 0)),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": _MAX_INT, "default": 0}),
]
ThumbnailFormat = Annotated[
    str,
    BeforeValidator(or_default(one_of(THUMBNAIL_FORMATS), "Jpeg")),
    WithJsonSchema(_words(THUMBNAIL_FORMATS, "Jpeg")),
]
CaptionFormat = Annotated[
    str,
    BeforeValidator(or_default(one_of(CAPTION_FORMATS), "Vtt")),
    WithJsonSchema(_words(CAPTION_FORMATS, "Vtt")),
]
