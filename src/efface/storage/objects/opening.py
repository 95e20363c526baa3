"""Which store an address means."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError
from obstore.store import AzureStore, S3Store
from obstore.store import ObjectStore as Store

from efface.domain.errors import ConfigurationError
from efface.storage.objects.file_cache import FileCache
from efface.storage.objects.folder import FolderObjectStore
from efface.storage.objects.obstore_objects import ObstoreObjectStore

DEFAULT_CACHE_BYTES = 20 * 10**9


def folder_of(url: str) -> Path | None:
    """The folder that an address of a store names; None where the store is a distant one."""
    parts = urlsplit(url)
    if parts.scheme not in {"", "file"}:
        return None
    return Path(unquote(parts.path) if parts.scheme else url)


def open_object_store(
    url: str, *, cache: Path, cache_bytes: int = DEFAULT_CACHE_BYTES, options: Mapping[str, str] | None = None
) -> ObstoreObjectStore:
    """Open an object store; nothing is asked of a distant one yet.

    Args:
        url: a folder (a path or ``file:///path``), ``s3://bucket/prefix``, or ``azure://container/prefix``.
        cache: folder for local copies of a distant store's objects; a folder store needs none.
        cache_bytes: how much of them to keep.
        options: settings of the store by obstore's names: ``endpoint``, ``region``, ``access_key_id``,
            ``secret_access_key``; ``account_name``, ``account_key`` … What is not given comes from the environment
            (``AWS_…``, ``AZURE_…``) or from the machine's own identity.

    Raises:
        ConfigurationError: the address or an option cannot be used.
    """
    folder = folder_of(url)
    if folder is not None:
        return FolderObjectStore(folder)
    parts = urlsplit(url)
    if parts.scheme not in {"s3", "azure", "az"} or not parts.netloc:
        raise ConfigurationError(
            f"objects cannot be kept in {url!r}: give a folder, s3://bucket/prefix or azure://container/prefix"
        )
    try:
        store = _distant_store(parts.scheme, parts.netloc, parts.path.strip("/") or None, dict(options or {}))
    except (BaseError, ValueError, TypeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ConfigurationError(
            f"the object store {url} cannot be used: {reason}; check its options"
        ) from error
    return ObstoreObjectStore(store, url, FileCache(cache, cache_bytes, scope=url))


def _distant_store(scheme: str, bucket: str, prefix: str | None, options: dict[str, str]) -> Store:
    more: dict[str, Any] = {
        "config": options,
        "client_options": {
            "connect_timeout": "5s",
            # Of one request; none carries more than a part of a file.
            "timeout": "60s",
            # Who names a plain address means it: emulators have no certificates.
            "allow_http": options.get("endpoint", "").startswith("http://"),
        },
        "retry_config": {"max_retries": 4, "retry_timeout": timedelta(seconds=20)},
    }
    if scheme == "s3":
        return S3Store(bucket, prefix=prefix, **more)
    return AzureStore(bucket, prefix=prefix, **more)
