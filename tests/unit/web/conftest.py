"""The pages over the API in process."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from efface.api.routes import ROUTERS as API_ROUTERS
from efface.web.context import WebContext
from efface.web.routes import ROUTERS
from efface.web.sessions import COOKIE
from efface.web.sign_in_codes import SignInCodes
from tests.fakes.api_in_process import ApiInProcess
from tests.fakes.fresh_catalogue import fresh_catalogue
from tests.storage.records import StillClock
from tests.unit.api.conftest import _quiet_log

__all__ = ["_quiet_log"]

LIFETIME_S = 43200


class Site:
    """An application with pages, and a browser's ways to ask it."""

    def __init__(self, api: ApiInProcess) -> None:
        self.api = api
        self.serve()

    def serve(self, **settings: Any) -> None:
        self.api.serve(routers=(*API_ROUTERS, *ROUTERS), **settings)
        self.codes = SignInCodes(self.api.folder / "sign-in", self.api.clock)
        self.api.app.state.web = WebContext(self.codes, LIFETIME_S)

    def get(self, path: str, cookie: str | None = None, **headers: str) -> httpx.Response:
        return self.ask("GET", path, cookie, headers)

    def post(
        self, path: str, cookie: str | None = None, data: Mapping[str, str] | None = None, **headers: str
    ) -> httpx.Response:
        return self.ask("POST", path, cookie, headers, data=data)

    def ask(
        self, method: str, path: str, cookie: str | None, headers: dict[str, str], **request: Any
    ) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if cookie:
            sent["Cookie"] = f"{COOKIE}={cookie}"
        return self.api.ask(method, path, headers=sent, **request)

    def sign_in(self, account: str | None = None, key: str | None = None, next: str = "") -> httpx.Response:
        form = {"account": account or self.api.account.name, "key": key or self.api.key, "next": next}
        return self.post("/web/sign-in", data=form, Sec_Fetch_Site="same-origin")

    def signed_in(self) -> str:
        """The cookie of somebody who has signed in with the key."""
        answer = self.sign_in()
        assert answer.status_code == 303, answer.text
        return str(answer.cookies[COOKIE])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    clock = StillClock()
    with closing(fresh_catalogue(tmp_path, clock)) as catalogue:
        yield Site(ApiInProcess(tmp_path, catalogue, clock))
