"""Watches a page while a test uses it: whatever a browser complains of fails the test."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response

_LAYOUT_SHIFTS = """
window.layoutShift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.layoutShift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
_GIVEN_UP = "net::ERR_ABORTED"
"""What a page gives up by itself: the stream of events when it is left, bytes of a video that is sought in."""
LARGEST_SHIFT = 0.02
_STILL_S = 1.0


@dataclass
class Watch:
    """What went wrong on the pages of one browser context."""

    origin: str
    """Scheme, host and port of the service, beside which no other may be asked."""
    problems: list[str] = field(default_factory=list)
    may_move: bool = False
    """Whether the person has done something that moves the page."""
    _allowed: list[str] = field(default_factory=list)
    _bytes: dict[Request, int] = field(default_factory=dict)

    def allow(self, *words: str) -> None:
        """Expect problems that hold one of these words."""
        self._allowed.extend(words)

    def follow(self, context: BrowserContext) -> None:
        """Watch all pages of a context, those that are opened later too."""
        context.add_init_script(_LAYOUT_SHIFTS)
        context.on("console", self._console)
        context.on("weberror", lambda error: self._note(f"script: {error.error}"))
        context.on("request", self._request)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)

    def unexpected(self) -> list[str]:
        """Problems that no test has allowed."""
        return [problem for problem in self.problems if not any(word in problem for word in self._allowed)]

    def _note(self, problem: str) -> None:
        self.problems.append(problem)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._note(f"console: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if (
            address.scheme in {"http", "https", "ws", "wss"}
            and f"{address.scheme}://{address.netloc}" != self.origin
        ):
            self._note(f"other host: {request.url}")
        if address.path.endswith("/web/csp-report"):
            self._note(f"policy: {request.post_data}")

    def _failed(self, request: Request) -> None:
        if request.failure != _GIVEN_UP:
            self._note(f"failed: {request.method} {request.url} ({request.failure})")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self._note(f"answer: {response.status} to {response.request.method} {response.url}")


def layout_shift(page: Page) -> float:
    """How much of what a person saw has moved by itself since the page was opened, as browsers score it."""
    shift: float = page.evaluate("window.layoutShift")
    return shift


def until(page: Page, look: Callable[[], bool], what: str, limit_s: float = 20) -> None:
    """Wait until something holds, and let what the browser has to tell come in meanwhile."""
    end_s = time.monotonic() + limit_s
    while not look():
        assert time.monotonic() < end_s, f"{what}: not within {limit_s} s"
        page.wait_for_timeout(50)


def bytes_of_first_page(page: Page, url: str, is_ready: Callable[[Page], None]) -> int:
    """Bytes over the wire, heads and bodies, until a page that was never opened stands still; those of videos, which
    come while they play, are left out."""
    seen: list[Request] = []
    open_ones: set[Request] = set()
    changed_s = time.monotonic()

    def note(request: Request, *, is_over: bool) -> None:
        nonlocal changed_s
        # Events come for as long as the page is open.
        if request.url.endswith("/Events") or "/files/" in request.url:
            return
        changed_s = time.monotonic()
        (open_ones.discard if is_over else open_ones.add)(request)

    def finished(request: Request) -> None:
        note(request, is_over=True)
        seen.append(request)

    page.on("request", lambda request: note(request, is_over=False))
    page.on("requestfailed", lambda request: note(request, is_over=True))
    page.on("requestfinished", finished)
    page.goto(url, wait_until="load")
    is_ready(page)
    until(
        page,
        lambda: not open_ones and time.monotonic() - changed_s > _STILL_S,
        "a page that stands still",
        60,
    )
    sizes = [request.sizes() for request in seen if "/files/" not in request.url]
    return sum(size["responseHeadersSize"] + size["responseBodySize"] for size in sizes)
