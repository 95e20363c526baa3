"""What outlives every process: the catalogue in a database, the files in an object store.

Takes the addresses of both; gives objects that fulfil ``ports.Catalogue`` and ``ports.ObjectStore``. Must hold: the
only importer of SQLAlchemy, Alembic and obstore; their errors become efface's here; what is of one account never shows
to another; an object is there whole or not at all.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from efface.storage.catalogue import SqlCatalogue, SystemClock, open_catalogue, upgrade_catalogue
    from efface.storage.objects import FolderObjectStore, ObstoreObjectStore, open_object_store

__all__ = [
    "FolderObjectStore",
    "ObstoreObjectStore",
    "SqlCatalogue",
    "SystemClock",
    "open_catalogue",
    "open_object_store",
    "upgrade_catalogue",
]

_OF_OBJECTS = {"FolderObjectStore", "ObstoreObjectStore", "open_object_store"}


def __getattr__(name: str) -> Any:
    # Only when it is asked for: a child process has no use for a database.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "objects" if name in _OF_OBJECTS else "catalogue"
    return getattr(import_module(f"{__name__}.{home}"), name)
