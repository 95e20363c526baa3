"""Room on the disks that videos are received and made on: looked at before, and once more whenever some was taken.

A disk that is full to the last byte stops more than what has filled it: the catalogue, the jobs, the system. So some of
it is never taken.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from efface.domain.errors import DiskFullError

_UNITS = ("kB", "MB", "GB", "TB")


def free_bytes(folder: Path) -> int:
    """Bytes that this user may still write to the disk of a folder, which need not be there yet.

    Raises:
        OSError: the system does not tell.
    """
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


@dataclass(frozen=True, slots=True)
class DiskRoom:
    """What may be written of the disks of some folders."""

    folders: tuple[Path, ...] = ()
    """On whose disks a video comes to lie, one after the other or at the same time; none: nobody looks."""
    reserved_bytes: int = 0
    """Of each disk, to be left free."""
    probe: Callable[[Path], int] = free_bytes
    """Gives the free bytes of the disk of a folder; whatever ``OSError`` it raises counts as room enough."""

    def require(self, needed_bytes: int, what: str, *, beside_bytes: int = 0) -> None:
        """Refuse what does not fit.

        Args:
            needed_bytes: that are about to be written.
            what: words for it, such as ``the upload``.
            beside_bytes: that others are about to write.

        Raises:
            DiskFullError: all this, and what is to be left free, is more than there is on one of the disks.
        """
        for folder in self.folders:
            try:
                there = self.probe(folder)
            except OSError:
                continue  # writing will tell
            room = max(0, there - self.reserved_bytes - beside_bytes)
            if needed_bytes > room:
                raise DiskFullError(
                    f"{what} needs {shown_bytes(needed_bytes)} and the disk of the service has room for "
                    f"{shown_bytes(room)}: delete videos that are not needed any more, or have its operator make room"
                )

    def go_on(self, next_bytes: int, what: str) -> None:
        """Stop what is under way before it takes from what is reserved.

        Args:
            next_bytes: that are about to be written.
            what: words for what they are a part of, such as ``the upload``.

        Raises:
            DiskFullError: they, and what is to be left free, are more than there is on one of the disks.
        """
        try:
            self.require(next_bytes, what)
        except DiskFullError as error:
            raise disk_filled_up(what) from error


def disk_filled_up(what: str) -> DiskFullError:
    """The error to raise when the system has refused a write for want of room.

    Args:
        what: words for what was being written, such as ``the file``.
    """
    return DiskFullError(
        f"the disk of the service is full, so {what} could not be written to its end: delete videos that are not "
        "needed any more, or have its operator make room, then try again"
    )


def shown_bytes(count: int) -> str:
    """A number of bytes for people: ``"0 bytes"``, ``"12 kB"``, ``"3.4 GB"``."""
    if count < 1000:
        return f"{count} bytes"
    power = 1
    while count / 1000**power >= 999.5 and power < len(_UNITS):
        power += 1
    value = count / 1000**power
    return f"{value:.{1 if value < 9.95 else 0}f} {_UNITS[power - 1]}"
