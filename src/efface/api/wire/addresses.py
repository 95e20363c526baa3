"""URLs that clients hand over in a query: encoded once, twice, in part, or not at all."""

import re
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from efface.api.errors import ApiError, ErrorType

_MAX_LENGTH = 4096
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]")
# Names that the large object stores give the parts of a signature. After a URL whose question mark was encoded, only
# these are taken for its own: an ordinary parameter that is merely unknown here must not spoil a signed address.
_SIGNATURE_NAMES = re.compile(
    r"(?:s[a-z]{1,2}|sk[ot]id|saoid|suoid|rsc[a-z]|tn|[se][pr]k|"
    r"x-(?:amz|goog|oss|cos|ms)-.*|awsaccesskeyid|googleaccessid|ossaccesskeyid|expires|signature|policy|"
    r"key-pair-id|response-content-.*|versionid)",
    re.IGNORECASE,
)


def is_web_address(url: str) -> bool:
    """Whether a text is an absolute ``http`` or ``https`` URL that can be called."""
    if len(url) > _MAX_LENGTH or _UNSAFE.search(url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def read_web_address(value: str) -> str | None:
    """A URL from a query value that was decoded once, decoded again where a client has encoded twice.

    Returns:
        None where neither is a web address.
    """
    for candidate in (value, unquote(value)):
        address = _UNSAFE.sub(lambda match: quote(match[0]), candidate.strip())
        if is_web_address(address):
            return address
    return None


def read_callback_url(value: str | None) -> str | None:
    """Where a client wants to be called.

    Raises:
        ApiError: 400, it is no web address.
    """
    if value is None:
        return None
    address = read_web_address(value)
    if address is None:
        raise ApiError(
            400,
            ErrorType.INVALID_INPUT,
            f"'callbackUrl' is '{value[:80]}': give an absolute http or https URL, percent-encoded.",
        )
    return address


def read_video_url(query: str, own_names: frozenset[str]) -> str | None:
    """The ``videoUrl`` of a raw query string.

    Clients paste signed URLs as they are, so that ``&sig=…`` becomes a parameter of its own. What follows such a URL
    and is no parameter of the operation belongs to it, byte for byte, since signatures hold for bytes.

    Args:
        query: as it came over the wire.
        own_names: the parameters of the operation in lower case, which end a pasted URL.

    Returns:
        None where there is none.

    Raises:
        ApiError: 400, it is no web address.
    """
    pairs = query.split("&")
    place = next((n for n, pair in enumerate(pairs) if _name(pair) == "videourl"), None)
    value = pairs[place].partition("=")[2] if place is not None else ""
    if place is None or not value:
        return None
    rest = _foreign_pairs(pairs[place + 1 :], own_names)
    if "?" in value:
        # As pasted: its escapes are its own.
        pasted = "&".join([value, *rest])
        address = pasted if "://" in value else unquote_plus(value) + "".join(f"&{pair}" for pair in rest)
    else:
        address = unquote_plus(value)
        if "?" in unquote(address) and rest and _SIGNATURE_NAMES.fullmatch(_name(rest[0])):
            address = "&".join([address, *rest])
    found = read_web_address(address)
    if found is None:
        raise ApiError(
            400,
            ErrorType.INVALID_URL,
            f"'videoUrl' is '{address[:80]}': give an absolute http or https URL, percent-encoded.",
        )
    return found


def _foreign_pairs(pairs: list[str], own_names: frozenset[str]) -> list[str]:
    """The pairs up to the first that is a parameter of the operation."""
    found = []
    for pair in pairs:
        if not pair or _name(pair) in own_names:
            break
        found.append(pair)
    return found


def _name(pair: str) -> str:
    return unquote_plus(pair.partition("=")[0]).strip().lower()
