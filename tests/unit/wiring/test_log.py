"""The log of a process: one form for ours and for libraries', with what a request has bound."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from efface.wiring.log import configure_log


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_lines_of_ours_and_of_libraries_are_json_with_what_was_bound(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_log("json")
    structlog.contextvars.bind_contextvars(request_id="r-1")
    structlog.get_logger("efface.test").warning("slow", seconds=3)
    logging.getLogger("some.library").error("broken %s", "pipe")
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["seconds"], ours["request_id"], ours["level"]) == (
        "slow",
        3,
        "r-1",
        "warning",
    )
    assert (theirs["event"], theirs["logger"], theirs["request_id"]) == ("broken pipe", "some.library", "r-1")


def test_chatter_of_libraries_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure_log("json")
    for name in ("uvicorn", "httpx", "sqlalchemy.engine", "dbos"):
        logging.getLogger(name).info("chatter")
    assert capsys.readouterr().err == ""


def test_traceback_is_part_of_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_log("json")
    try:
        raise ValueError("insides")
    except ValueError:
        logging.getLogger("efface").exception("fault")
    (line,) = capsys.readouterr().err.splitlines()
    assert "ValueError: insides" in json.loads(line)["exception"]
