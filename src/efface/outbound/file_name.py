"""How a fetched file is called."""

from email.message import Message
from urllib.parse import unquote

from efface.domain.text import printable

_LONGEST = 200


def served_file_name(disposition: str | None, path: str) -> str | None:
    """The name of a file as its server tells it, else the last part of its address; None where neither has one.

    Args:
        disposition: the header Content-Disposition.
        path: of the URL; percent signs may be resolved already.

    Returns:
        At most 200 characters, without folders and control characters.
    """
    told = None
    if disposition is not None:
        message = Message()
        # A line break in a header would begin another one.
        message["Content-Disposition"] = " ".join(disposition.split())
        told = message.get_filename()
    return _plain(told or "") or _plain(unquote(path))


def _plain(text: str) -> str | None:
    last = text.replace("\\", "/").rpartition("/")[2]
    clean = printable(last, "").strip()
    return clean[-_LONGEST:] if clean.strip(".") else None
