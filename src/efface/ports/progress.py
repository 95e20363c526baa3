"""How long work tells how far it has come, and is stopped."""

from typing import Protocol


class Progress(Protocol):
    """Hears how far long work has come, and may stop it."""

    def report(self, stage: str, done: int, total: int | None) -> None:
        """Called after each frame or so.

        Args:
            stage: ``"index"``, ``"render"``, ``"join"``, ``"follow"`` or ``"stream"``.
            done: frames done in this stage.
            total: frames in all, None while unknown; an estimate from the header, so ``done`` may pass it.

        Raises:
            Cancelled: to stop the work; the caller cleans up and leaves nothing behind.
        """
        ...


class SilentProgress:
    """A progress listener that does nothing."""

    def report(self, stage: str, done: int, total: int | None) -> None:
        """Ignore the report."""
