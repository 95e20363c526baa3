"""Empty catalogues, made once and copied: bringing each up from nothing would take most of the time of quick tests."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from efface.ports import Clock
from efface.storage import SqlCatalogue, open_catalogue

FILE_NAME = "catalogue.sqlite"


def fresh_catalogue(folder: Path, clock: Clock | None = None) -> SqlCatalogue:
    """An empty catalogue in a folder, to be closed by the caller."""
    shutil.copyfile(_template(), folder / FILE_NAME)
    return open_catalogue(f"sqlite:///{folder / FILE_NAME}", clock=clock)


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="efface-catalogue-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    open_catalogue(f"sqlite:///{folder / FILE_NAME}").close()
    return folder / FILE_NAME
