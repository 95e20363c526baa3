"""Yes and no as clients write them in a query."""

from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}


def _parsed(value: object) -> object:
    if isinstance(value, str):
        return _WORDS.get(value.strip().strip('"').lower(), value)
    return value


Flag = Annotated[bool, BeforeValidator(_parsed), WithJsonSchema({"type": "boolean"})]
"""``true``, ``True``, ``1``, ``false``, ``False``, ``0``, or empty for false."""
