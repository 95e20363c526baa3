"""What the pages' routes are given beside the API's context."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from efface.web.sign_in_codes import SignInCodes


@dataclass(frozen=True, slots=True)
class WebContext:
    """One object per application, made in ``app``."""

    sign_in_codes: SignInCodes
    session_lifetime_s: int
    """How long somebody who does nothing stays signed in."""


async def web_context_of(request: Request) -> WebContext:
    """The context of the application that serves a request."""
    context: WebContext = request.app.state.web
    return context


CurrentWeb = Annotated[WebContext, Depends(web_context_of)]
