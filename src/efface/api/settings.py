"""What an operator sets of the API."""

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from efface.domain.errors import ConfigurationError

_LOCATION = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
MIN_SECRET_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Rate:
    """How often one caller may ask, over two sliding windows. Zero lifts a limit."""

    per_second: int
    per_minute: int

    def __post_init__(self) -> None:
        if min(self.per_second, self.per_minute) < 0:
            raise ConfigurationError("a request rate is negative: give 0 to lift the limit, or more")


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Everything that the API can be told. Refused at birth where it cannot work.

    Raises:
        ConfigurationError: a field has a value that cannot be used.
    """

    keyring_file: Path
    """Signing keys for tokens and links; made at first use. All API processes of one service share it."""
    upload_folder: Path
    """Where uploads are received, on the disk of the object store if that is a folder, so that nothing is copied."""
    public_url: str | None = None
    """How clients reach the service (``https://video.example.org``, a path is allowed); None takes it from each
    request: forwarded headers of trusted proxies, else its ``Host``."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks (``10.0.0.0/8``) whose ``Forwarded`` and ``X-Forwarded-*`` headers are believed."""
    location_aliases: tuple[str, ...] = ()
    """Names that every account answers to beside its own location, for instance ``trial``; in any case."""
    api_rate: Rate = Rate(10, 120)
    """Of each account, and of each address, as Azure has it. Counted per API process."""
    light_rate: Rate = Rate(200, 6000)
    """The same for files, streams, health, metrics, and what the web page reads."""
    request_limit_s: float = 60.0
    """How long a request may take to be answered, in seconds; uploads, files and streams are not held to it."""
    token_lifetime_s: int = 3600
    """Of access tokens."""
    url_lifetime_s: int = 3600
    """Of signed links."""
    max_url_lifetime_s: int = 43200 * 60
    """The longest that a caller may ask for; keys that were rotated out are kept for so long."""
    admin_secrets: tuple[str, ...] = ()
    """Bearer tokens that Azure's resource-manager calls accept; at least 16 characters each. None: no such calls."""
    identity_secret: str | None = None
    """What ``IDENTITY_HEADER`` of a client must hold to be given a management token; None: nobody is given one."""
    max_upload_bytes: int = 2_000_000_000
    """Of a file that is sent in the request."""
    max_field_bytes: int = 64 * 1024
    """Of a text part beside the file."""
    upload_limit_s: float = 1800.0
    """How long an upload may take to arrive, in seconds."""
    upload_idle_s: float = 60.0
    """How long it may stand still, in seconds."""
    resumable_lifetime_s: float = 86400.0
    """How long an upload that resumes may take in all, in seconds; what has come of it is removed then."""
    max_unfinished_uploads: int = 50
    """Uploads that resume which one account may have under way."""
    max_listeners: int = 20
    """Streams of events that one account may have open, counted per API process."""
    worker_silence_s: float = 30.0
    """After how many seconds without a heartbeat a worker no longer counts as alive."""

    def __post_init__(self) -> None:
        _check_positive(self)
        _check_public_url(self.public_url)
        for proxy in self.trusted_proxies:
            try:
                ipaddress.ip_network(proxy, strict=False)
            except ValueError as error:
                raise ConfigurationError(
                    f"trusted proxy {proxy!r} is no address: give one such as 10.0.0.1 or 10.0.0.0/8"
                ) from error
        for alias in self.location_aliases:
            if not _LOCATION.fullmatch(alias.lower()):
                raise ConfigurationError(
                    f"location alias {alias!r} cannot be used: give 1 to 40 letters, digits and dashes"
                )
        for secret in (*self.admin_secrets, *([self.identity_secret] if self.identity_secret else [])):
            if len(secret) < MIN_SECRET_LENGTH:
                raise ConfigurationError(
                    f"an admin or identity secret is short enough to be guessed: give {MIN_SECRET_LENGTH} "
                    "characters or more"
                )


def _check_positive(settings: ApiSettings) -> None:
    for name in (
        "request_limit_s",
        "token_lifetime_s",
        "url_lifetime_s",
        "max_url_lifetime_s",
        "max_upload_bytes",
        "max_field_bytes",
        "upload_limit_s",
        "upload_idle_s",
        "resumable_lifetime_s",
        "max_unfinished_uploads",
        "max_listeners",
        "worker_silence_s",
    ):
        if getattr(settings, name) <= 0:
            raise ConfigurationError(f"setting {name} must be more than 0")


def _check_public_url(url: str | None) -> None:
    if url is None:
        return
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationError(
            f"public URL {url!r} cannot be used: give one such as https://video.example.org, without a query"
        )
