"""The child process's side: one line in, answers out, and an end with its parent."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from efface.jobs.child import PARENT_VARIABLE
from tests.unit.jobs.children import child_command


def answers_to(body: str, *orders: dict[str, Any], **environment: str) -> tuple[list[dict[str, Any]], str]:
    """What a child answers, and what it writes to stderr."""
    done = subprocess.run(
        child_command(body),
        input="".join(json.dumps(order) + "\n" for order in orders),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
        timeout=30,
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_child_answers_each_order_in_turn() -> None:
    answers, _ = answers_to("return {'twice': 2 * order['n']}", {"n": 1}, {"n": 2})
    assert answers == [{"result": {"twice": 2}}, {"result": {"twice": 4}}]


def test_what_libraries_print_never_reaches_the_worker() -> None:
    body = "print('from python')\nos.system('echo from a program')\nos.write(1, b'from C')\nreturn {}"
    answers, log = answers_to(body, {})
    assert answers == [{"result": {}}]
    assert all(text in log for text in ("from python", "from a program", "from C"))


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        ("RequestError('no')", {"type": "RequestError", "message": "no", "is_transient": False}),
        (
            "ServiceUnavailableError('away')",
            {"type": "ServiceUnavailableError", "message": "away", "is_transient": True},
        ),
        ("DiskFullError('full')", {"type": "DiskFullError", "message": "full", "is_transient": True}),
    ],
)
def test_error_of_ours_becomes_an_answer(raised: str, error: dict[str, Any]) -> None:
    answers, _ = answers_to(f"raise {raised}", {})
    assert answers == [{"error": error}]


@pytest.mark.parametrize(
    ("raised", "error_type", "is_transient"),
    [
        ("KeyError('/secret')", "InternalError", False),
        ("OSError(28, '/secret')", "DiskFullError", True),
        ("OSError(5, '/secret')", "OSError", True),
        ("MemoryError('/secret')", "MemoryError", True),
    ],
)
def test_other_error_becomes_an_answer_without_insides(
    raised: str, error_type: str, is_transient: bool
) -> None:
    answers, log = answers_to(f"raise {raised}", {})
    error = answers[0]["error"]
    assert (error["type"], error["is_transient"]) == (error_type, is_transient)
    assert "/secret" not in error["message"]
    assert "/secret" in log


def test_child_goes_on_after_an_error() -> None:
    answers, _ = answers_to("return {'n': 1 / order['n']}", {"n": 0}, {"n": 1})
    assert [list(answer) for answer in answers] == [["error"], ["result"]]


def test_progress_is_told_at_most_twice_a_second() -> None:
    body = "for done in range(100000):\n    progress.report('index', done, None)\nreturn {}"
    start_s = time.monotonic()
    answers, _ = answers_to(body, {})
    assert answers[0] == {"progress": 0, "total": None}
    assert len(answers) <= 2 + 2 * (time.monotonic() - start_s) + 1


def test_child_yields_to_others() -> None:
    answers, _ = answers_to("return {'nice': os.nice(0)}", {})
    assert answers == [{"result": {"nice": min(19, os.nice(0) + 10)}}]


def test_child_whose_parent_is_gone_before_it_looks_ends() -> None:
    answers, _ = answers_to("return {}", {}, **{PARENT_VARIABLE: "1" if os.getpid() != 1 else "2"})
    assert answers == []


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel does this on Linux only")
def test_child_dies_with_its_parent_even_in_the_middle_of_its_work(tmp_path: Path) -> None:
    body = f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    parent_code = (
        "import os, subprocess, sys, time\n"
        f"os.environ[{PARENT_VARIABLE!r}] = str(os.getpid())\n"
        f"child = subprocess.Popen({child_command(body)!r}, stdin=subprocess.PIPE, start_new_session=True)\n"
        "child.stdin.write(b'{}\\n'); child.stdin.flush()\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent_code]) as parent:
        limit_s = time.monotonic() + 20
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            assert time.monotonic() < limit_s
            time.sleep(0.01)
        parent.send_signal(signal.SIGKILL)
    child = Path(f"/proc/{(tmp_path / 'pid').read_text()}/stat")
    while child.exists() and " Z " not in child.read_text():
        assert time.monotonic() < limit_s
        time.sleep(0.01)
