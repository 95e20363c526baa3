"""The progress bar, and the way Ctrl-C and SIGTERM stop long work cleanly.

A signal only sets a flag; the work hears of it at its next report and raises :class:`Cancelled` from a place
where unwinding is safe, so that temporary files are removed. A second signal does not wait for that.
"""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from efface.domain.errors import Cancelled
from efface.ports import Progress

_STAGE_TEXT = {"index": "looking for faces", "follow": "following regions", "render": "hiding faces"}
_NAME_CHARS = 24


class StopSignals:
    """Remembers that the user asked to stop."""

    def __init__(self) -> None:
        self.received: int | None = None
        """Number of the signal that came, None while none has."""

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Signal handler: ask the work to stop; the second time, stop wherever it is."""
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = number

    def raise_if_received(self) -> None:
        """Raise Cancelled once a signal has come."""
        if self.received is not None:
            raise Cancelled("stopped on request: nothing half-written is left")


class StoppableProgress:
    """A silent progress listener that stops the work after a signal."""

    def __init__(self, signals: StopSignals) -> None:
        self._signals = signals

    def report(self, stage: str, done: int, total: int | None) -> None:
        """See :class:`efface.ports.Progress`."""
        self._signals.raise_if_received()


class TerminalProgress(StoppableProgress):
    """A bar on the terminal with frames/s and time left."""

    def __init__(self, signals: StopSignals, label: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bar

        super().__init__(signals)
        self._label = shorten(label)
        self._stage = ""
        self._started = time.monotonic()
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[counts]}", markup=False),
        )
        self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(self._label, total=None, counts="")

    def start(self) -> None:
        """Show the bar."""
        self._bar.start()

    def stop(self) -> None:
        """Take the bar away and leave the terminal as it was."""
        self._bar.stop()

    def report(self, stage: str, done: int, total: int | None) -> None:
        """See :class:`efface.ports.Progress`."""
        super().report(stage, done, total)
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._started = stage, now
        # The total is an estimate from the header: a file may hold more frames than it says.
        total = max(done, total) if total else None
        counts = describe_counts(done, total, now - self._started)
        text = f"{self._label}: {_STAGE_TEXT.get(stage, stage)}"
        self._bar.update(self._task, description=text, completed=done, total=total, counts=counts)


def shorten(name: str) -> str:
    """A file name that leaves room for the rest of the line: its start and its end."""
    return name if len(name) <= _NAME_CHARS else f"{name[: _NAME_CHARS - 11]}…{name[-10:]}"


def describe_counts(done: int, total: int | None, elapsed_s: float) -> str:
    """``"120/300 frames  58.3 frames/s  0:03 left"``, without what is not known yet."""
    text = f"{done}/{total} frames" if total else f"{done} frames"
    # Before a second has passed the rate says more about the start-up than about the work.
    if elapsed_s < 1 or done == 0:
        return text
    rate = done / elapsed_s
    text += f"  {rate:.1f} frames/s"
    if total:
        minutes, seconds = divmod(round((total - done) / rate), 60)
        hours, minutes = divmod(minutes, 60)
        text += f"  {hours}:{minutes:02}:{seconds:02} left" if hours else f"  {minutes}:{seconds:02} left"
    return text


@contextmanager
def stop_signals() -> Iterator[StopSignals]:
    """Listen for Ctrl-C and SIGTERM while the block runs."""
    signals = StopSignals()
    before = {number: signal.signal(number, signals.receive) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def shown_progress(signals: StopSignals, label: str, quiet: bool) -> Iterator[Progress]:
    """A progress listener for one file: a bar where stderr is a terminal, silent otherwise."""
    if quiet or not sys.stderr.isatty():
        yield StoppableProgress(signals)
        return
    bar = TerminalProgress(signals, label)
    bar.start()
    try:
        yield bar
    finally:
        bar.stop()
