"""What Prometheus is told."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from efface.ports import Clock
from efface.ports.catalogue import Catalogue

_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """Counts the requests of this process, and reads the figures of jobs when asked."""

    def __init__(self, catalogue: Catalogue, clock: Clock, worker_silence_s: float) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "efface_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._latency = Histogram(
            "efface_http_request_seconds",
            "Seconds from a request's head to the end of its answer.",
            ("method", "route"),
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        self._registry.register(_JobFigures(catalogue, clock, worker_silence_s))

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note an answer.

        Args:
            method: of the request; unknown ones count as ``other``, since clients invent them.
            route: template of its path, never the path itself.
            status: that was sent.
            seconds: it took.
        """
        known = method if method in _METHODS else "other"
        self._requests.labels(known, route, str(status)).inc()
        self._latency.labels(known, route).observe(seconds)

    def exposition(self) -> bytes:
        """All figures in Prometheus's text form.

        Raises:
            ServiceUnavailableError: the database does not answer.
        """
        return generate_latest(self._registry)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _JobFigures(Collector):
    """Figures that all processes of a service share, read from the catalogue at each scrape."""

    def __init__(self, catalogue: Catalogue, clock: Clock, worker_silence_s: float) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._worker_silence_s = worker_silence_s

    def describe(self) -> Iterable[Metric]:
        """Nothing: else the registry would ask the database while the process starts."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """The figures of now."""
        jobs = GaugeMetricFamily("efface_jobs", "Jobs by kind and state.", labels=("kind", "state"))
        for (kind, state), number in self._catalogue.job_counts().items():
            jobs.add_metric((kind.value, state.value), number)
        frames = CounterMetricFamily("efface_frames", "Frames worked on.", labels=("kind",))
        seconds = CounterMetricFamily("efface_work_seconds", "Seconds that workers worked.", labels=("kind",))
        for kind, (num_frames, work_s) in self._catalogue.job_totals().items():
            frames.add_metric((kind.value,), num_frames)
            seconds.add_metric((kind.value,), work_s)
        oldest = self._catalogue.oldest_queued()
        age_s = max(0.0, (self._clock.now() - oldest).total_seconds()) if oldest else 0.0
        age = GaugeMetricFamily("efface_queue_age_seconds", "Age of the job that is queued longest.", age_s)
        alive = self._catalogue.living_workers(self._worker_silence_s)
        workers = GaugeMetricFamily("efface_workers", "Workers alive.", alive)
        return jobs, frames, seconds, age, workers
