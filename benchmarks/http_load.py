"""A caller light enough to measure a server on the same two cores: plain HTTP/1.1 over connections that are kept."""

import asyncio
import time
from dataclasses import dataclass
from statistics import quantiles
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Load:
    """How a server answered one request, asked again and again."""

    num_requests: int
    wall_s: float
    p50_ms: float
    p99_ms: float
    worst_ms: float

    @property
    def per_s(self) -> float:
        """Requests answered in a second."""
        return self.num_requests / self.wall_s


def measure_load(
    url: str, headers: dict[str, str], *, connections: int, seconds: float, status: int = 200
) -> Load:
    """Ask for a URL over several connections at once, each as soon as it has its answer.

    Raises:
        SystemExit: an answer has another status than it should.
    """
    return asyncio.run(_measure(url, headers, connections, seconds, status))


async def _measure(url: str, headers: dict[str, str], connections: int, seconds: float, status: int) -> Load:
    parts = urlsplit(url)
    lines = [f"GET {parts.path}?{parts.query} HTTP/1.1", f"Host: {parts.netloc}"]
    request = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()
    start = time.perf_counter()
    callers = (
        _ask(parts.hostname or "", parts.port or 80, request, start + seconds, status)
        for _ in range(connections)
    )
    times = [each for found in await asyncio.gather(*callers) for each in found]
    wall_s = time.perf_counter() - start
    cuts = quantiles(times, n=100)
    return Load(len(times), wall_s, cuts[49] * 1000, cuts[98] * 1000, max(times) * 1000)


async def _ask(host: str, port: int, request: bytes, end: float, status: int) -> list[float]:
    reader, writer = await asyncio.open_connection(host, port)
    times = []
    while (begun := time.perf_counter()) < end:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if int(head[9:12]) != status:
            raise SystemExit(f"the server answered {head[:200]!r}")
        length = next(
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        )
        await reader.readexactly(length)
        times.append(time.perf_counter() - begun)
    writer.close()
    return times
