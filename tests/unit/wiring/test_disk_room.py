"""Which disks are looked at, and how much of them is left free."""

from pathlib import Path

import pytest

from efface.settings import read_settings
from efface.wiring.tools import disk_room


@pytest.mark.parametrize(
    ("store", "kept"),
    [
        (None, "data/objects"),
        ("{folder}/mount", "mount"),
        ("file://{folder}/a%20mount", "a mount"),
        ("s3://bucket/videos", "data/cache"),
    ],
)
def test_disks_are_those_of_the_scratch_and_of_the_store_or_its_cache(
    tmp_path: Path, store: str | None, kept: str
) -> None:
    url = None if store is None else store.format(folder=tmp_path)
    room = disk_room(read_settings(data=tmp_path / "data", object_store_url=url))
    assert room.folders == (tmp_path / "data" / "scratch", tmp_path / kept)


def test_work_on_what_is_there_may_take_half_of_the_reserve(tmp_path: Path) -> None:
    settings = read_settings(data=tmp_path, reserved_disk_bytes=5000)
    assert disk_room(settings).reserved_bytes == 5000
    assert disk_room(settings, is_for_work=True).reserved_bytes == 2500
