"""Pages: templates made into answers that allow nothing from elsewhere."""

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from efface.api.context import ApiContext
from efface.api.urls import base_url_of
from efface.domain.service import Account
from efface.web.sessions import base_path

_FOLDER = Path(__file__).parent
STATIC_FOLDER = _FOLDER / "static"
_TEMPLATES = _FOLDER / "templates"


def policy(base: str) -> str:
    """What a browser may load for a page: files of this service, and pictures that its own scripts have fetched."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "media-src 'self' blob:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
        f"base-uri 'none'; report-uri {base}/web/csp-report"
    )


def page(
    request: Request,
    context: ApiContext,
    template: str,
    *,
    account: Account | None = None,
    status: int = 200,
    **values: Any,
) -> Response:
    """A page.

    Args:
        request: that asks for it.
        context: of the application.
        template: file of the folder ``templates``.
        account: that somebody is signed in to.
        status: of the answer.
        values: what the template names.
    """
    base = base_path(base_url_of(request, context))
    html = (
        _environment().get_template(template).render(base=base, account=account, mark=static_mark(), **values)
    )
    headers = {
        "Content-Security-Policy": policy(base),
        # Names of people and videos must not outlive the session in a cache.
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    return HTMLResponse(html, status, headers=headers)


@lru_cache(maxsize=1)
def static_mark() -> str:
    """Part of the address of static files that changes with their content, so that browsers may keep them."""
    digest = hashlib.sha256()
    for path in sorted(STATIC_FOLDER.rglob("*")):
        if path.is_file():
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@lru_cache(maxsize=200)
def packed_file(path: Path, _mark: str) -> bytes:
    """A static file in gzip, a third of its size.

    Args:
        path: of the file.
        _mark: of all static files as they are now.
    """
    return gzip.compress(path.read_bytes(), mtime=0)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
