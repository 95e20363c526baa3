"""What `efface doctor` looks at: everything that the service stands on, each by using it."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from efface.domain.errors import ConfigurationError, EffaceError
from efface.facade import list_weights, probe, write_sample
from efface.settings import Settings
from efface.usecases.services import new_guid
from efface.wiring.adapters import opened_catalogue
from efface.wiring.tools import open_objects, prepare_folders

_LEAST_FREE_BYTES = 5_000_000_000
_WORKER_SILENCE_S = 15.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    is_good: bool
    told: str
    """What was found; where that is not good, also the way out."""


def run_checks(settings: Settings) -> Iterator[Check]:
    """Look at one thing after another; what stands on something broken is broken too."""
    looks: tuple[tuple[str, Callable[[Settings], str]], ...] = (
        ("python", _python),
        ("weights", _weights),
        ("media", _media),
        ("data folder", _data_folder),
        ("signing keys", _signing_keys),
        ("database", _database),
        ("object store", _object_store),
        ("worker", _worker),
    )
    for name, look in looks:
        try:
            yield Check(name, True, look(settings))
        except EffaceError as error:
            yield Check(name, False, str(error))


def _python(_: Settings) -> str:
    return f"{sys.version.split()[0]}, {os.cpu_count()} cores"


def _weights(_: Settings) -> str:
    return ", ".join(weights.name for weights in list_weights())


def _media(settings: Settings) -> str:
    prepare_folders(settings)
    sample = settings.scratch_folder / f"doctor-{new_guid()}.mp4"
    try:
        probe(write_sample(sample))
    finally:
        sample.unlink(missing_ok=True)
    return "encodes and decodes"


def _data_folder(settings: Settings) -> str:
    prepare_folders(settings)
    free = shutil.disk_usage(settings.data).free
    if free < _LEAST_FREE_BYTES + settings.reserved_disk_bytes:
        raise ConfigurationError(
            f"{settings.data} has {free / 1e9:.1f} GB free, which a few videos fill: free some room, or use --data"
        )
    return f"{settings.data}, {free / 1e9:.0f} GB free"


def _signing_keys(settings: Settings) -> str:
    path: Path = settings.signing_keys_file
    if not path.exists():
        return f"{path} will be made by the first API process"
    if path.stat().st_mode & 0o077:
        raise ConfigurationError(f"{path} can be read by other users of this machine: run chmod 600 on it")
    return str(path)


def _database(settings: Settings) -> str:
    with opened_catalogue(settings) as catalogue:
        catalogue.ping()
        num_accounts = len(catalogue.list_accounts())
    kind = "PostgreSQL" if settings.is_distributed else "SQLite"
    return f"{kind}, {num_accounts} accounts"


def _object_store(settings: Settings) -> str:
    objects, key = open_objects(settings), f"doctor/{new_guid()}"
    try:
        objects.put_bytes(key, b"efface")
        if objects.get_bytes(key) != b"efface":
            raise ConfigurationError(
                f"the object store {settings.objects_url} gives back other bytes than it took"
            )
    finally:
        objects.delete(key)
    return settings.objects_url


def _worker(settings: Settings) -> str:
    with opened_catalogue(settings) as catalogue:
        num_open = catalogue.num_open_jobs()
        if not settings.is_distributed:
            return f"started by `efface serve`; {num_open} jobs pending"
        num_workers = catalogue.living_workers(_WORKER_SILENCE_S)
    if not num_workers:
        raise ConfigurationError(f"no worker lives, and {num_open} jobs are pending: start `efface worker`")
    return f"{num_workers} alive; {num_open} jobs pending"
