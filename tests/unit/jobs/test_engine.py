"""The door to the engine: names that must not change, errors, and what is asked of its private parts."""

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dbos import error as dbos_errors

from efface.domain.errors import ServiceUnavailableError
from efface.jobs import engine


def test_version_and_names_stay_as_they_are() -> None:
    # A job that is under way during an upgrade is resumed by these, and lost where they change.
    assert engine.VERSION == "1"
    assert (engine.JOB_WORKFLOW, engine.WORK_WORKFLOW) == ("efface.job", "efface.work")
    assert (engine.JOBS_QUEUE, engine.SEGMENTS_QUEUE, engine.FETCHES_QUEUE) == ("jobs", "segments", "fetches")


@pytest.mark.parametrize("raised", [KeyError("x"), OSError("y"), dbos_errors.DBOSException("z")])
def test_any_error_of_the_engine_is_an_outage(raised: Exception) -> None:
    with (
        pytest.raises(ServiceUnavailableError, match=type(raised).__name__) as caught,
        engine.mapped_errors(),
    ):
        raise raised
    assert caught.value.__cause__ is raised


def test_url_tells_server_from_file() -> None:
    assert engine.is_server("postgresql://efface@host/jobs")
    assert not engine.is_server("sqlite:////data/jobs.sqlite")
    assert engine.sqlite_path("sqlite:////data/jobs.sqlite") == Path("/data/jobs.sqlite")
    assert engine.sqlite_path("sqlite:///jobs.sqlite") == Path("jobs.sqlite")


def test_prepared_database_lets_readers_and_writers_be(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/jobs.sqlite"
    engine.prepare_database(url)
    # The header of the file says so: write and read version 2 are the write-ahead log.
    assert (tmp_path / "jobs.sqlite").read_bytes()[18:20] == b"\x02\x02"
    engine.prepare_database(url)


def test_recovery_that_leaves_something_is_no_recovery(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[str] = ["a workflow"]
    fake: Any = SimpleNamespace(
        _recover_pending_workflows=lambda ids: [*ids], list_workflows=lambda **options: left
    )
    monkeypatch.setattr(engine, "DBOS", fake)
    with pytest.raises(ServiceUnavailableError, match="tried again"):
        engine.recover(["dead"])
    left.clear()
    assert engine.recover(["dead"]) == 1


def test_log_of_the_engine_holds_what_somebody_must_know_only(caplog: pytest.LogCaptureFixture) -> None:
    engine.quiet_logs()
    engine.quiet_logs()
    logger = logging.getLogger("dbos")
    logger.info("launched")
    cancelled = dbos_errors.DBOSAwaitedWorkflowCancelledError("job")
    logger.error("Exception encountered", exc_info=cancelled)
    logger.warning("Workflow was cancelled. Waiting for the recorded outcome")
    logger.warning("connection failed")
    assert [record.message for record in caplog.records] == ["connection failed"]
    assert len(logger.filters) == 1


def test_log_of_the_engine_goes_where_all_logs_go() -> None:
    engine.quiet_logs()
    logger = logging.getLogger("dbos")
    assert logger.propagate
    assert all(isinstance(handler, logging.NullHandler) for handler in logger.handlers)
