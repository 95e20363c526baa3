"""Posts that other sites have a browser send are refused."""

from typing import Annotated

from fastapi import Depends, Request

from efface.api.context import context_of
from efface.api.errors import ApiError, ErrorType
from efface.api.front_door import WEB_HEADER
from efface.api.urls import base_url_of


async def refuse_foreign(request: Request) -> None:
    """Refuse what did not come from a page of this service.

    Browsers say where a request comes from and let no page lie about it; a client that is no browser says that it
    means it, by a header that no other site can send.

    Raises:
        ApiError: 403.
    """
    context = await context_of(request)
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        is_own = site == "same-origin"
    elif origin is not None:
        is_own = origin == _origin_of(base_url_of(request, context))
    else:
        is_own = WEB_HEADER in request.headers
    if not is_own:
        raise ApiError(
            403,
            ErrorType.FORBIDDEN,
            "This came from another site: open the page of this service and try again.",
        )


def _origin_of(base_url: str) -> str:
    scheme, _, rest = base_url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


FromOwnPage = Annotated[None, Depends(refuse_foreign)]
"""A request that a page of this service has sent, or a client that is no browser."""
