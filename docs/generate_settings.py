"""Writes docs/settings.md: every setting of the service with its text. `make docs` runs it, a test compares."""

import sys
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from efface.settings import Settings

_HEAD = """# Settings of the service

Made by `make docs` out of `src/efface/settings.py`: change the program, not this page.

All are environment variables; options of a command (`--data`, `--host`, `--port`) go before them. Lists have commas
between their entries. A value that cannot be used is refused by name when the service starts.

| variable | default | what it is |
|---|---|---|
"""
_DEFAULTS = {"data": "`~/.local/share/efface`"}


def render_settings() -> str:
    """The whole page as text."""
    return _HEAD + "".join(_row(name, field) for name, field in Settings.model_fields.items())


def _row(name: str, field: FieldInfo) -> str:
    text = " ".join((field.description or "").split()).replace("``", "`").replace("|", "\\|")
    return f"| `EFFACE_{name.upper()}` | {_DEFAULTS.get(name) or _default(field)} | {text} |\n"


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is PydanticUndefined or value is None or value == ():
        return ""
    return f"`{','.join(value) if isinstance(value, tuple) else value}`"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render_settings(), encoding="utf-8")
