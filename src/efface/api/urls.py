"""Absolute URLs, and links that open one file for a while."""

import base64
import binascii
import hmac
import json
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote, unquote

from fastapi import Depends, Request

from efface.api.context import ApiContext, context_of
from efface.api.errors import ApiError, ErrorType
from efface.api.keyring import Keyring
from efface.domain.service import Job, Video
from efface.ports import Clock

_PURPOSE = "signed-link"
_SAFE = "-._~!$'()*,;:@"
"""What a path segment may hold as it is (RFC 3986), without ``&=+`` that careless clients take apart."""


@dataclass(frozen=True, slots=True)
class SignedFile:
    """What a link opens."""

    key: str
    """In the object store."""
    name: str
    is_inline: bool
    """Whether a browser shows it, or saves it."""


class Links:
    """Signs and reads links with the keys of a keyring."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self._keyring = keyring
        self._clock = clock

    def sign(self, use: str, content: dict[str, Any], lifetime: timedelta, bound: str = "") -> str:
        """A token for a path, safe in URLs.

        Args:
            use: what it is for; a token for one use is refused for any other.
            content: what reading gives back, ready for JSON.
            lifetime: how long it is good.
            bound: text that the token does not hold, but without which it is not good.
        """
        ends = int((self._clock.now() + lifetime).timestamp())
        key = self._keyring.signing_key(_PURPOSE)
        document = {"k": key.key_id, "u": use, "e": ends, "c": content}
        payload = json.dumps(document, separators=(",", ":"), ensure_ascii=True).encode()
        return f"{_encoded(payload)}.{_encoded(_signature(key.secret, payload, bound))}"

    def read(self, use: str, token: str, *bounds: str) -> dict[str, Any]:
        """What was signed.

        Args:
            use: what the token must be for.
            token: from a path.
            bounds: texts of which one must be that which it was signed with.

        Raises:
            ApiError: 403, it was altered, is for something else, or its time is over.
        """
        try:
            payload, signature = (_decoded(part) for part in token.split("."))
            document = json.loads(payload)
            secret = self._keyring.secret_of(str(document["k"]), _PURPOSE)
            ends, content, is_for = int(document["e"]), document["c"], document["u"]
        except (ValueError, KeyError, TypeError):
            raise _altered() from None
        if secret is None or is_for != use or not isinstance(content, dict):
            raise _altered()
        if not any(
            hmac.compare_digest(_signature(secret, payload, bound), signature) for bound in bounds or ("",)
        ):
            raise _altered()
        if self._clock.now().timestamp() >= ends:
            raise ApiError(
                403,
                ErrorType.FORBIDDEN,
                "This link has expired: ask the address that gave it (SourceFile/DownloadUrl, ArtifactUrl or "
                "streaming-url of the video) for a fresh one.",
            )
        return content

    def read_file(self, token: str, name: str) -> SignedFile:
        """The file that a link of ``Urls.file`` opens.

        Args:
            token: from the path.
            name: the end of the path, decoded.

        Raises:
            ApiError: 403, as ``read``.
        """
        # A client that encodes the name inside a finished URL encodes a per cent sign twice.
        content = self.read("file", token, name, unquote(name))
        return SignedFile(str(content["key"]), str(content["name"]), bool(content["inline"]))


class Urls:
    """Absolute URLs for the answers to one request."""

    def __init__(self, context: ApiContext, base_url: str, location: str | None) -> None:
        self._settings = context.settings
        self._links = Links(context.keyring, context.services.clock)
        self._base_url = base_url
        self._location = location

    def absolute(self, path: str) -> str:
        """The URL of a path of this service, which starts with a slash and is encoded already."""
        return self._base_url + path

    def account(self, account_id: str, location: str | None = None) -> str:
        """The address of an account, without a slash at the end."""
        place = quote(location or self._location or "local", safe="-")
        return self.absolute(f"/{place}/Accounts/{account_id}")

    def job(self, job: Job) -> str:
        """Where a job is asked about; clients split it at ``/Jobs/``."""
        return f"{self.account(job.account_id)}/Jobs/{job.job_id}"

    def video(self, video: Video) -> str:
        """The address of a video, without a slash at the end."""
        return f"{self.account(video.account_id)}/Videos/{video.video_id}"

    def download_url(self, account_id: str, video_id: str) -> str:
        """Where a link to a video's file is got."""
        return f"{self.account(account_id)}/Videos/{video_id}/SourceFile/DownloadUrl"

    def file(self, key: str, name: str, *, lifetime: timedelta | None = None, inline: bool = False) -> str:
        """A link that opens one object without any header until it expires. Its path ends in the name.

        Args:
            key: in the object store.
            name: what clients call the file.
            lifetime: None for that of the settings; longer than the longest is cut.
            inline: whether a browser shows it rather than saving it.
        """
        shown = _in_path(name)
        content = {"key": key, "name": shown, "inline": inline}
        token = self._links.sign("file", content, self._lifetime(lifetime), shown)
        return self.absolute(f"/files/{token}/{quote(shown, safe=_SAFE)}")

    def sign(self, use: str, content: dict[str, Any], *, lifetime: timedelta | None = None) -> str:
        """A token for a path of another route, to be read by ``read_signed``."""
        return self._links.sign(use, content, self._lifetime(lifetime))

    def read_signed(self, use: str, token: str) -> dict[str, Any]:
        """What ``sign`` was given.

        Raises:
            ApiError: 403, it was altered, is for something else, or its time is over.
        """
        return self._links.read(use, token)

    def _lifetime(self, wanted: timedelta | None) -> timedelta:
        longest = timedelta(seconds=self._settings.max_url_lifetime_s)
        return min(
            wanted if wanted is not None else timedelta(seconds=self._settings.url_lifetime_s), longest
        )


async def urls_of(request: Request) -> Urls:
    """URLs for the answer to a request.

    Raises:
        ApiError: 400, the request names no usable host and none is configured.
    """
    context = await context_of(request)
    return Urls(context, base_url_of(request, context), request.path_params.get("location"))


def base_url_of(request: Request, context: ApiContext) -> str:
    """How the client reaches this service, without a slash at the end.

    Raises:
        ApiError: 400, the request names no usable host and none is configured.
    """
    base_url = context.settings.public_url or context.origins.of(request.scope).base_url
    if base_url is None:
        raise ApiError(
            400, ErrorType.INVALID_INPUT, "The header Host is missing or malformed: send a valid one."
        )
    return base_url.rstrip("/")


CurrentUrls = Annotated[Urls, Depends(urls_of)]


def _in_path(name: str) -> str:
    """A name as the end of a path: no dots that clients fold away, no line breaks that routes do not match."""
    return (
        "video"
        if name in {"", ".", ".."}
        else "".join("_" if unicodedata.category(c) == "Cc" else c for c in name)
    )


def _altered() -> ApiError:
    return ApiError(
        403, ErrorType.FORBIDDEN, "This link is not valid: use it exactly as it was given, or ask anew."
    )


def _signature(secret: bytes, payload: bytes, bound: str) -> bytes:
    # The payload is JSON in ASCII, so that a NUL parts the two without doubt.
    return hmac.digest(secret, payload + b"\0" + bound.encode("utf-8", "surrogatepass"), "sha256")


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    try:
        # Canonical form only, so that one signature has one spelling.
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64") from error
    if _encoded(data) != text:
        raise ValueError("not canonical base64")
    return data
