"""Who is signed in: a signed cookie that no script can read."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from efface.api.context import ApiContext, context_of
from efface.api.errors import ApiError
from efface.api.urls import Links
from efface.domain.errors import AccountNotFoundError
from efface.domain.service import Account
from efface.web.context import web_context_of

COOKIE = "efface_session"
_USE = "web-session"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in to one account."""

    account: Account
    begun: datetime
    """When the cookie was given."""


class Sessions:
    """Gives and reads cookies.

    A cookie is bound to the account's subscription key as it was then: a new key signs everybody out, which is what
    an operator wants who gives one after a loss.
    """

    def __init__(self, context: ApiContext, lifetime_s: int) -> None:
        self._catalogue = context.services.catalogue
        self._clock = context.services.clock
        self._links = Links(context.keyring, context.services.clock)
        self._lifetime = timedelta(seconds=lifetime_s)

    def read(self, request: Request) -> Session | None:
        """Who has sent a request, None for somebody who is not signed in, or no longer.

        Raises:
            ServiceUnavailableError: the database does not answer.
        """
        cookie = request.cookies.get(COOKIE)
        if not cookie:
            return None
        try:
            content = self._links.read(_USE, cookie)
            account_id, key_mark = str(content["account"]), str(content["key"])
            begun = datetime.fromtimestamp(int(content["begun"]), self._clock.now().tzinfo)
            account = self._catalogue.account(account_id)
            is_current = self._key_mark(account_id) == key_mark
        except (ApiError, AccountNotFoundError, KeyError, TypeError, ValueError):
            return None
        return Session(account, begun) if is_current else None

    def give(self, response: Response, account: Account, base_url: str) -> None:
        """Sign somebody in: put a cookie on an answer.

        Args:
            response: that carries it.
            account: that it opens.
            base_url: how the browser reaches the service.
        """
        now = self._clock.now()
        content = {
            "account": account.account_id,
            "key": self._key_mark(account.account_id),
            "begun": int(now.timestamp()),
        }
        response.set_cookie(
            COOKIE,
            self._links.sign(_USE, content, self._lifetime),
            max_age=int(self._lifetime.total_seconds()),
            path=cookie_path(base_url),
            secure=base_url.startswith("https:"),
            httponly=True,
            # Lax: a link to a video in a mail opens it; what changes anything is guarded on its own.
            samesite="lax",
        )

    def is_half_over(self, session: Session) -> bool:
        """Whether it is time for a new cookie, so that nobody is signed out in the midst of work."""
        return self._clock.now() - session.begun > self._lifetime / 2

    def _key_mark(self, account_id: str) -> str:
        key_hash = self._catalogue.key_hash(account_id)
        return hashlib.sha256(key_hash.encode()).hexdigest()[:32]


async def sessions_of(request: Request) -> Sessions:
    """Sessions of the application that serves a request."""
    web = await web_context_of(request)
    return Sessions(await context_of(request), web.session_lifetime_s)


CurrentSessions = Annotated[Sessions, Depends(sessions_of)]


def end_session(response: Response, base_url: str) -> None:
    """Sign somebody out: take the cookie away."""
    response.delete_cookie(
        COOKIE,
        path=cookie_path(base_url),
        secure=base_url.startswith("https:"),
        httponly=True,
        samesite="lax",
    )


def cookie_path(base_url: str) -> str:
    """Where the cookie is sent: to the pages alone, never to the API."""
    return f"{base_path(base_url)}/web"


def base_path(base_url: str) -> str:
    """Path of a base URL, without a slash at the end; mostly empty."""
    _, _, rest = base_url.partition("://")
    _, slash, path = rest.partition("/")
    return f"{slash}{path}".rstrip("/")
