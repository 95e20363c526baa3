"""The commands of the service that need no server: accounts, tokens, doctor, and what serve refuses."""

import json
import socket
from pathlib import Path
from typing import Any

import jwt
import pytest

from efface.cli.main import run
from efface.storage import open_catalogue
from efface.usecases.accounts import hash_key
from efface.web.sign_in_codes import SignInCodes
from efface.wiring.adapters import SystemClock

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # Commands hand what they were told to their children through the environment; that ends with the test.
    monkeypatch.setenv("EFFACE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def answer(capsys: Capture, *words: str | Path, code: int = 0) -> dict[str, Any]:
    assert run([*map(str, words), "--json"]) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_account_is_made_with_a_key_that_is_shown_once(data: Path, capsys: Capture) -> None:
    made = answer(capsys, "account", "create", "newsroom", "--location", "WestEurope", "--data", data)
    assert (made["name"], made["location"]) == ("newsroom", "westeurope")
    assert len(made["subscriptionKey"]) == 64
    listed = answer(capsys, "account", "list", "--data", data)
    assert [account["accountId"] for account in listed["accounts"]] == [made["accountId"]]
    assert made["subscriptionKey"] not in json.dumps(listed)
    assert (data.stat().st_mode & 0o777) == 0o700


def test_new_key_replaces_the_old_one(data: Path, capsys: Capture) -> None:
    made = answer(capsys, "account", "create", "newsroom", "--data", data)
    fresh = answer(capsys, "account", "rotate-key", "NEWSROOM", "--data", data)
    with open_catalogue(f"sqlite:///{data}/catalogue.sqlite") as catalogue:
        assert catalogue.accounts_with_key(hash_key(made["subscriptionKey"])) == ()
        (found,) = catalogue.accounts_with_key(hash_key(fresh["subscriptionKey"]))
    assert found.account_id == made["accountId"]


def test_second_account_of_a_name_is_refused(data: Path, capsys: Capture) -> None:
    answer(capsys, "account", "create", "newsroom", "--data", data)
    refused = answer(capsys, "account", "create", "Newsroom", "--data", data, code=2)
    assert refused["error"]["type"] == "RequestError"


def test_accounts_are_listed_for_people_too(data: Path, capsys: Capture) -> None:
    made = answer(capsys, "account", "create", "newsroom", "--data", data)
    assert run(["account", "list", "--data", str(data)]) == 0
    assert capsys.readouterr().out == f"{made['accountId']}  local  newsroom  0 videos\n"


def test_link_signs_in_to_the_account_that_is_named_or_the_first(data: Path, capsys: Capture) -> None:
    made = [answer(capsys, "account", "create", name, "--data", data) for name in ("newsroom", "archive")]
    codes = SignInCodes(data / "sign-in", SystemClock())
    for words, account in (((), made[0]), (("ARCHIVE",), made[1])):
        link = answer(capsys, "account", "link", *words, "--url", "https://a.example/", "--data", data)
        address, _, code = link["signInUrl"].partition("?code=")
        assert address == "https://a.example/web/sign-in"
        assert codes.take(code) == account["accountId"]


def test_link_needs_an_account(data: Path, capsys: Capture) -> None:
    assert run(["account", "link", "--data", str(data)]) == 2
    assert "there is no account yet" in capsys.readouterr().err


def test_token_opens_one_account_for_an_hour(data: Path, capsys: Capture) -> None:
    made = answer(capsys, "account", "create", "newsroom", "--data", data)
    told = answer(capsys, "token", "newsroom", "--permission", "reader", "--data", data)
    claims = jwt.decode(told["accessToken"], options={"verify_signature": False})
    assert (claims["accountId"], claims["permission"]) == (made["accountId"], "Reader")
    assert claims["exp"] - claims["iat"] == 3600
    assert (data / "keys.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "words",
    [("token", "nobody"), ("account", "rotate-key", "nobody"), ("token", "newsroom", "--video", "0" * 10)],
)
def test_what_is_not_there_is_named(words: tuple[str, ...], data: Path, capsys: Capture) -> None:
    answer(capsys, "account", "create", "newsroom", "--data", data)
    refused = answer(capsys, *words, "--data", data, code=2)
    assert refused["error"]["type"] in {"AccountNotFoundError", "VideoNotFoundError"}


def test_service_without_a_key_is_not_opened_to_other_machines(data: Path, capsys: Capture) -> None:
    refused = answer(capsys, "serve", "--host", "0.0.0.0", "--port", "0", "--data", data, code=7)
    assert refused["error"]["type"] == "ConfigurationError"
    assert "efface account create" in refused["error"]["message"]


def test_port_that_is_taken_is_named(data: Path, capsys: Capture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = answer(capsys, "serve", "--port", str(port), "--data", data, code=7)
    assert f"127.0.0.1:{port} cannot be listened on" in refused["error"]["message"]


def test_data_folder_that_cannot_be_made_is_named(tmp_path: Path, data: Path, capsys: Capture) -> None:
    (tmp_path / "file").write_text("no folder")
    refused = answer(capsys, "account", "list", "--data", tmp_path / "file" / "data", code=7)
    assert "--data" in refused["error"]["message"]


def test_database_that_is_away_is_told_with_its_exit_code(
    data: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EFFACE_DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:1/none")
    refused = answer(capsys, "account", "list", "--data", data, code=7)
    assert refused["error"]["type"] == "ServiceUnavailableError"
    assert "secret" not in refused["error"]["message"]


@pytest.mark.weights
def test_doctor_finds_a_fresh_installation_well(data: Path, capsys: Capture) -> None:
    found = answer(capsys, "doctor", "--data", data)
    assert [check["name"] for check in found["checks"]] == [
        "python",
        "weights",
        "media",
        "data folder",
        "signing keys",
        "database",
        "object store",
        "worker",
    ]
    assert all(check["is_good"] for check in found["checks"])
    assert not list((data / "scratch").iterdir())


@pytest.mark.weights
def test_doctor_names_what_is_wrong_and_the_way_out(data: Path, capsys: Capture) -> None:
    answer(capsys, "token", "nobody", "--data", data, code=2)
    (data / "keys.json").write_text("{}")
    (data / "keys.json").chmod(0o644)
    found = answer(capsys, "doctor", "--data", data, code=7)
    bad = [check for check in found["checks"] if not check["is_good"]]
    assert [check["name"] for check in bad] == ["signing keys"]
    assert "chmod 600" in bad[0]["told"]
