"""The API inside the test's process: a real catalogue, a store in memory, clocks that are moved by hand."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI

from efface.api.access import Permission, Scope
from efface.api.app import create_app
from efface.api.context import ApiContext
from efface.api.routes import ROUTERS
from efface.api.settings import ApiSettings, Rate
from efface.api.tokens import TokenClaims
from efface.domain.service import Account, Video
from efface.storage import SqlCatalogue
from efface.usecases.accounts import create_account
from efface.usecases.services import Services
from tests.fakes.memory_objects import MemoryObjects
from tests.fakes.noted_queue import NotedQueue
from tests.storage.records import StillClock

HOST = "http://video.test"
UNLIMITED = Rate(0, 0)


@dataclass
class Ticks:
    """Seconds that never go back, moved by hand."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class ApiInProcess:
    """An application with an account, and short ways to ask it."""

    folder: Path
    catalogue: SqlCatalogue
    clock: StillClock
    objects: MemoryObjects = field(default_factory=MemoryObjects)
    queue: NotedQueue = field(default_factory=NotedQueue)
    ticks: Ticks = field(default_factory=Ticks)

    def __post_init__(self) -> None:
        self.services = Services(self.catalogue, self.objects, self.queue, self.clock)
        self.account, self.key = create_account(self.catalogue, self.clock, "Studio One", location="westus2")
        self.serve()

    def serve(self, *extra: APIRouter, routers: Sequence[APIRouter] = ROUTERS, **settings: Any) -> FastAPI:
        """Make the application anew with these settings."""
        chosen: dict[str, Any] = {"api_rate": UNLIMITED, "light_rate": UNLIMITED, **settings}
        self.settings = ApiSettings(self.folder / "keys.json", self.folder / "uploads", **chosen)
        self.app = create_app(self.services, self.settings, routers=(*extra, *routers), monotonic=self.ticks)
        return self.app

    @property
    def context(self) -> ApiContext:
        context: ApiContext = self.app.state.context
        return context

    @property
    def path(self) -> str:
        """Of the account."""
        return self.path_of(self.account)

    @staticmethod
    def path_of(account: Account) -> str:
        return f"/{account.location}/Accounts/{account.account_id}"

    def add_account(self, name: str, location: str = "westus2") -> tuple[Account, str]:
        return create_account(self.catalogue, self.clock, name, location=location)

    def add_video(self, video: Video) -> Video:
        self.catalogue.add_video(video)
        return video

    def token(
        self,
        permission: Permission = Permission.CONTRIBUTOR,
        *,
        account: Account | None = None,
        video_id: str | None = None,
    ) -> str:
        scope = Scope.VIDEO if video_id else Scope.ACCOUNT
        account_id = (account or self.account).account_id
        return self.context.tokens.issue(TokenClaims(scope, permission, account_id, video_id))[0]

    def ask(self, method: str, url: str, *, peer: str = "203.0.113.9", **request: Any) -> httpx.Response:
        """Send one request; redirects are not followed."""

        async def sent() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(peer, 40000))
            async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
                return await client.request(method, url, **request)

        return asyncio.run(sent())

    def get(self, url: str, **request: Any) -> httpx.Response:
        return self.ask("GET", url, **request)
