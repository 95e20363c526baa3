"""Room on disks: what is asked for, what is left free, and what people are told."""

from pathlib import Path

import pytest

from efface.domain.errors import DiskFullError
from efface.ports import DiskRoom
from efface.ports.disk_room import free_bytes, shown_bytes

DISKS = {Path("/large"): 10_000_000_000, Path("/small"): 3_400_000_000}


def free(folder: Path) -> int:
    return DISKS[folder]


@pytest.mark.parametrize(
    ("needed", "beside", "fits"),
    [
        (2_400_000_000, 0, True),
        (2_400_000_001, 0, False),
        (1_400_000_000, 1_000_000_000, True),
        (1_400_000_001, 1_000_000_000, False),
        (0, 2_400_000_000, True),
        (1, 9_000_000_000, False),
    ],
)
def test_smallest_disk_decides_after_what_is_reserved_and_promised(
    needed: int, beside: int, fits: bool
) -> None:
    room = DiskRoom(tuple(DISKS), 1_000_000_000, free)
    if fits:
        room.require(needed, "the upload", beside_bytes=beside)
    else:
        with pytest.raises(DiskFullError):
            room.require(needed, "the upload", beside_bytes=beside)


def test_refusal_says_how_much_is_needed_what_is_there_and_what_to_do() -> None:
    room = DiskRoom((Path("/small"),), 1_000_000_000, free)
    with pytest.raises(DiskFullError) as refused:
        room.require(7_000_000_000, "the upload")
    assert str(refused.value) == (
        "the upload needs 7.0 GB and the disk of the service has room for 2.4 GB: "
        "delete videos that are not needed any more, or have its operator make room"
    )


def test_disk_that_cannot_be_asked_is_left_to_the_write() -> None:
    def away(_: Path) -> int:
        raise OSError(5, "Input/output error")

    DiskRoom((Path("/large"),), 10**15, away).require(10**15, "the upload")


def test_without_folders_nobody_looks() -> None:
    DiskRoom().require(10**30, "the upload")


def test_folder_that_is_still_to_be_made_counts_as_its_parent(tmp_path: Path, tiny_disk: Path) -> None:
    assert 0 < free_bytes(tiny_disk / "to" / "come") <= 4 * 2**20
    assert free_bytes(tmp_path / "to" / "come") > 4 * 2**20


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_960, "10 kB"),
        (999_400, "999 kB"),
        (999_900, "1.0 MB"),
        (35_000_000, "35 MB"),
        (2_000_000_000, "2.0 GB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_bytes_are_told_in_the_unit_that_fits(count: int, told: str) -> None:
    assert shown_bytes(count) == told
