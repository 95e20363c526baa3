"""docs/compatibility.md names every operation and parameter there is, and tells the truth of those there are not."""

import re
from pathlib import Path
from typing import Any

import pytest

from efface.api.errors import ErrorType
from efface.api.openapi import describe
from tests.fakes.api_in_process import ApiInProcess
from tests.unit.api.conftest import _quiet_log, api

__all__ = ["_quiet_log", "api"]

PAGE = (Path(__file__).parents[2] / "docs" / "compatibility.md").read_text(encoding="utf-8")
LINKED = ("/files/", "/streams/", "/embed/", "/docs/")
"""Led to by links of other operations, named in one row."""


_NOT_OFFERED = re.findall(r"^\| .*`(?:(\w+) )?(/\S+)` \| not offered: (\d+)", PAGE, re.MULTILINE)
"""Method (empty: any), path and status of each row."""


def operations(described: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if not path.startswith(LINKED)
    ]


def test_every_operation_is_named(api: ApiInProcess) -> None:
    missing = [
        f"{method} {path}"
        for method, path, _ in operations(describe(api.app))
        if f"`{method} {path}`" not in PAGE
    ]
    assert missing == []


def test_every_parameter_is_named_where_its_operation_is(api: ApiInProcess) -> None:
    missing = {
        (path, parameter["name"])
        for method, path, operation in operations(describe(api.app))
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query" and parameter["name"] not in words_about(method, path)
    }
    assert missing == set()


def words_about(method: str, path: str) -> set[str]:
    """Words in the row of an operation, and in the tables about uploads and what is beyond Azure."""
    rows = [row for row in PAGE.splitlines() if row.startswith("|") and f"`{method} {path}`" in row]
    tables = re.findall(r"^\| (?:parameter of the upload|what) \|(?:.*\n)+?(?=\n|\Z)", PAGE, re.MULTILINE)
    assert len(tables) == 2
    return set(re.findall(r"[\w-]+", " ".join(re.findall(r"`([^`]*)`", " ".join([*rows, *tables])))))


@pytest.mark.parametrize("kind", ErrorType)
def test_every_word_of_a_refusal_is_named(kind: ErrorType) -> None:
    assert f"`{kind}`" in PAGE


def test_every_row_of_what_is_not_offered_is_understood() -> None:
    assert len(_NOT_OFFERED) == PAGE.count("| not offered:")


@pytest.mark.parametrize(("method", "path", "status"), _NOT_OFFERED)
def test_what_is_not_offered_answers_as_it_says(
    api: ApiInProcess, method: str, path: str, status: str
) -> None:
    video = api.indexed()
    url = path.format(
        location=api.account.location,
        accountId=api.account.account_id,
        videoId=video.video_id,
        characterId="1",
    )
    answer = api.ask(method or "GET", url, headers=api.authorized())
    assert answer.status_code == int(status)
    assert set(answer.json()) == {"ErrorType", "Message"}
