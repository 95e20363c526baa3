"""All settings of the service, read once at the edge: from ``EFFACE_…`` variables, then from what a command was told.

Each field says its unit and what its special values mean; docs/settings.md is made of this file.
"""

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from efface.domain.errors import ConfigurationError

_HOME_FOLDER = "efface"


def default_data_folder() -> Path:
    """Where the service keeps everything unless told otherwise: a folder of the user's own."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / _HOME_FOLDER


Names = Annotated[tuple[str, ...], NoDecode]
"""A list that a variable gives with commas between."""


class Settings(BaseSettings):
    """Everything that an operator can set."""

    model_config = SettingsConfigDict(
        env_prefix="EFFACE_",
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        use_attribute_docstrings=True,  # docs/settings.md is made of them
    )

    data: Path = Field(default_factory=default_data_folder)
    """Folder of the service: databases, objects, keys, cache. Made at first start."""
    database_url: str | None = None
    """``postgresql://user:password@host/name`` for several machines; a SQLite file in the data folder by default."""
    object_store_url: str | None = None
    """``s3://bucket/prefix``, ``azure://container/prefix`` or a folder; the data folder by default."""
    object_store_options: dict[str, str] = Field(default_factory=dict)
    """Options of the store as a JSON object, e.g. ``{"endpoint": "http://…", "region": "…"}``; credentials are taken
    from the usual variables of the cloud where they are not given here."""
    cache_bytes: int = Field(20_000_000_000, ge=0)
    """How much of a remote store is kept on the local disk of a worker."""
    reserved_disk_bytes: int = Field(1_000_000_000, ge=0)
    """How much of each local disk uploads and fetched files leave free; what does not fit is refused with 507. Work on
    videos that are there already may take half of it."""

    host: str = "127.0.0.1"
    """Address that is listened on. Any other than loopback needs an account that was made before."""
    port: int = Field(8080, ge=0, le=65535)
    """TCP port; 0 takes a free one."""
    public_url: str | None = None
    """Base of all absolute URLs, e.g. ``https://efface.example.org``; by default that of the request."""
    trusted_proxies: Names = ()
    """Addresses or networks of reverse proxies whose forwarded headers are believed."""
    location: str = "local"
    """What the first account has for a region."""
    location_aliases: Names = ("trial",)
    """Names that every account answers to beside its own location."""
    keys_file: Path | None = None
    """File of the keys that sign tokens and URLs, to be shared by all API processes; in the data folder by default."""
    admin_token: str | None = None
    """Bearer secret that opens the resource manager's paths (``/subscriptions/…``); none by default."""
    identity_header: str | None = None
    """Secret of the managed-identity endpoint ``/msi/token``; the endpoint is closed by default."""

    rate_per_s: int = Field(10, ge=0)
    """Requests a second for each account and each address; 0 lifts the limit."""
    rate_per_min: int = Field(120, ge=0)
    """Requests a minute for each account and each address; 0 lifts the limit."""
    web_rate_per_s: int = Field(100, ge=0)
    """The same for files, streams and the web page's own reads."""
    web_rate_per_min: int = Field(3000, ge=0)
    """The same for files, streams and the web page's own reads."""
    request_timeout_s: float = Field(30.0, gt=0)
    """After this a request is answered with 504; uploads and downloads have no such limit."""
    url_lifetime_s: int = Field(3600, ge=60)
    """How long a signed download URL works."""
    token_lifetime_s: int = Field(3600, ge=60)
    """How long an access token works."""
    session_lifetime_s: int = Field(43200, ge=600, le=2_592_000)
    """After how many seconds somebody who does nothing is signed out of the web page."""
    max_upload_bytes: int = Field(2_000_000_000, gt=0)
    """Largest file that is taken as a request body."""
    max_fetch_bytes: int = Field(30_000_000_000, gt=0)
    """Largest file that is fetched from a URL."""
    max_name_length: int = Field(80, gt=0)
    """Characters of a video's name."""
    max_open_jobs: int = Field(500, gt=0)
    """Jobs of all accounts that may be pending; past it, uploads and redactions are answered with 429."""
    max_open_jobs_per_account: int = Field(200, gt=0)
    """The same for one account."""
    outbound_allow: Names = ()
    """Hosts or networks that videos may be fetched from and call backs sent to although they are not public; ``any``
    lifts the check."""

    segments_at_once: int = Field(0, ge=0)
    """Segments that a worker works on at the same time; 0 is one for every two cores."""
    index_segment_s: float = Field(60.0, ge=1)
    """Seconds of video in a segment of an analysis."""
    render_segment_s: float = Field(60.0, ge=1)
    """Seconds of video in a segment of a render."""
    detector: Path | None = None
    """ONNX weights of your own that find the faces; the bundled network by default."""
    backend: str = "openvino"
    """``openvino`` or ``onnxruntime``."""
    crf: int | None = None
    """Quality of redacted videos, see ``efface redact --crf``."""
    preset: str | None = None
    """Encoder preset of redacted videos, see ``efface redact --preset``."""
    log_format: str = Field("auto", pattern="^(auto|json|console)$")
    """``json``, ``console``, or by whether stderr is a terminal."""

    @field_validator("trusted_proxies", "location_aliases", "outbound_allow", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @field_validator("data", mode="after")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @property
    def is_distributed(self) -> bool:
        """True where several machines may share the work."""
        return self.database_url is not None and not self.database_url.startswith("sqlite")

    @property
    def catalogue_url(self) -> str:
        """Where the catalogue is."""
        return self.database_url or f"sqlite:///{self.data / 'catalogue.sqlite'}"

    @property
    def jobs_url(self) -> str:
        """Where the job engine keeps its own tables."""
        return self.database_url or f"sqlite:///{self.data / 'jobs.sqlite'}"

    @property
    def objects_url(self) -> str:
        """Where the objects are."""
        return self.object_store_url or str(self.data / "objects")

    @property
    def signing_keys_file(self) -> Path:
        """Where the keys are that sign tokens and URLs."""
        return self.keys_file or self.data / "keys.json"

    @property
    def scratch_folder(self) -> Path:
        """Where files are received and made before they go into the store."""
        return self.data / "scratch"

    @property
    def sign_in_folder(self) -> Path:
        """Where links are kept that sign in once."""
        return self.data / "sign-in"

    @property
    def cache_folder(self) -> Path:
        """Where copies of remote objects are kept."""
        return self.data / "cache"


def read_settings(**told: Any) -> Settings:
    """The settings of this process.

    Args:
        told: what a command was told; it goes before the environment, and None counts as not told.

    Raises:
        ConfigurationError: a value cannot be used; names its variable.
    """
    try:
        return Settings(**{name: value for name, value in told.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = "EFFACE_" + "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigurationError(f"setting {name} cannot be used: {first['msg']}") from error
    except SettingsError as error:
        # Names the field, not the variable.
        raise ConfigurationError(
            f"setting EFFACE_OBJECT_STORE_OPTIONS cannot be used ({error}): give a JSON object"
        ) from error
