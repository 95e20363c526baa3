"""Who is dead, who may say so, and in which order things are done then."""

from collections.abc import Collection

from efface.domain.errors import ServiceUnavailableError
from efface.jobs.heartbeat import SILENCE_S, Heartbeat


class Marks:
    """The marks of workers, scripted; notes what is done."""

    def __init__(self, silent: tuple[str, ...] = ()) -> None:
        self.silent, self.is_away, self.is_claimed_by_other = silent, False, False
        self.done: list[str] = []

    def beat(self, worker_id: str) -> None:
        """Note it."""
        if self.is_away:
            raise ServiceUnavailableError("the database does not answer")
        self.done.append(f"beat {worker_id}")

    def silent_workers(self, limit_s: float) -> tuple[str, ...]:
        """As scripted."""
        assert limit_s == SILENCE_S
        return self.silent

    def claim_silent(self, worker_id: str, limit_s: float) -> bool:
        """Note it."""
        self.done.append(f"claim {worker_id}")
        return not self.is_claimed_by_other

    def retire(self, worker_id: str) -> None:
        """Not wanted here."""
        raise AssertionError(worker_id)

    def living_workers(self, limit_s: float) -> int:
        """Not wanted here."""
        raise AssertionError(limit_s)

    def recover(self, executor_ids: Collection[str]) -> int:
        """Note it."""
        self.done.append(f"recover {','.join(executor_ids)}")
        return 1


def test_silent_worker_is_recovered_before_its_mark_goes() -> None:
    # The other way round a crash in between would lose its work for good.
    marks = Marks(("dead",))
    heartbeat = Heartbeat(marks, "me", marks.recover)
    heartbeat.beat(0)
    heartbeat.beat(SILENCE_S)
    assert marks.done == ["beat me", "beat me", "recover dead", "claim dead"]


def test_worker_judges_nobody_before_it_has_beaten_long_enough() -> None:
    marks = Marks(("dead",))
    heartbeat = Heartbeat(marks, "me", marks.recover)
    for now_s in range(int(SILENCE_S)):
        heartbeat.beat(now_s)
    assert "recover dead" not in marks.done


def test_worker_that_could_not_beat_begins_its_probation_anew() -> None:
    marks = Marks(("dead",))
    heartbeat = Heartbeat(marks, "me", marks.recover)
    heartbeat.beat(0)
    marks.is_away = True
    heartbeat.beat(10)
    marks.is_away = False
    heartbeat.beat(11)
    heartbeat.beat(11 + SILENCE_S - 1)
    assert "recover dead" not in marks.done
    heartbeat.beat(11 + SILENCE_S)
    assert "recover dead" in marks.done


def test_only_worker_judges_nobody() -> None:
    marks = Marks(("dead",))
    heartbeat = Heartbeat(marks, "local", None)
    heartbeat.beat(0)
    heartbeat.beat(100)
    assert marks.done == ["beat local", "beat local"]
