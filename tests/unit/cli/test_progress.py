import io
import os
import signal
import sys

import pytest

from efface.cli.progress import (
    StoppableProgress,
    TerminalProgress,
    describe_counts,
    shorten,
    shown_progress,
    stop_signals,
)
from efface.domain.errors import Cancelled


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_the_work_at_its_next_report(number: signal.Signals) -> None:
    with stop_signals() as signals:
        progress = StoppableProgress(signals)
        progress.report("index", 1, 10)
        os.kill(os.getpid(), number)
        with pytest.raises(Cancelled, match="nothing half-written is left"):
            progress.report("index", 2, 10)
        assert signals.received == number


def test_second_signal_does_not_wait_for_a_report() -> None:
    with stop_signals():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_handlers_of_the_caller_come_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stop_signals():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(("is_terminal", "quiet"), [(False, False), (True, True)])
def test_nothing_is_shown_when_piped_or_quiet(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool, quiet: bool
) -> None:
    stream = Terminal() if is_terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with stop_signals() as signals, shown_progress(signals, "clip.mp4", quiet) as progress:
        progress.report("index", 5, 10)
    assert stream.getvalue() == ""


def test_terminal_shows_file_stage_and_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with stop_signals() as signals, shown_progress(signals, "clip.mp4", quiet=False) as progress:
        assert isinstance(progress, TerminalProgress)
        progress.report("render", 5, 10)
    assert "clip.mp4: hiding faces" in stream.getvalue()
    assert "5/10 frames" in stream.getvalue()


@pytest.mark.parametrize(
    ("done", "total", "elapsed_s", "expected"),
    [
        (5, None, 0.5, "5 frames"),  # too early for a rate
        (0, 10, 5.0, "0/10 frames"),  # no division by nothing
        (50, None, 2.0, "50 frames  25.0 frames/s"),
        (50, 100, 2.0, "50/100 frames  25.0 frames/s  0:02 left"),
        (10, 36_010, 1.0, "10/36010 frames  10.0 frames/s  1:00:00 left"),
    ],
)
def test_counts_say_what_is_known(done: int, total: int | None, elapsed_s: float, expected: str) -> None:
    assert describe_counts(done, total, elapsed_s) == expected


def test_a_long_name_leaves_room_for_the_time_left() -> None:
    assert shorten("short.mp4") == "short.mp4"
    shown = shorten("A very long name of a holiday film 2024-06-01.mp4")
    assert shown == "A very long n…-06-01.mp4"
    assert len(shown) == 24
