"""Clips to mute."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.media.muting.sounding import make_sounding_clip


@pytest.fixture
def sounding_clip(tmp_path: Path) -> Callable[..., Path]:
    """Makes a clip of 4 s by name, with one sound track for each codec given."""

    def make(name: str, *codecs: str, **fields: Any) -> Path:
        return make_sounding_clip(tmp_path / name, *codecs, **fields)

    return make
