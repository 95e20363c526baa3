from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest

from efface.api.keyring import Keyring
from efface.api.tokens import Permission, Scope, TokenClaims, TokenExpiredError, TokenInvalidError, Tokens
from tests.storage.records import StillClock

CLAIMS = TokenClaims(
    Scope.VIDEO, Permission.CONTRIBUTOR, "0b5f0000-0000-0000-0000-000000000001", "a1b2c3d4e5"
)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def tokens(tmp_path: Path, clock: StillClock) -> Tokens:
    return Tokens(Keyring(tmp_path / "keys.json", clock, 3600), clock, 3600)


def test_token_gives_back_its_claims(tokens: Tokens) -> None:
    assert tokens.read(tokens.issue(CLAIMS)[0]) == CLAIMS


def test_token_is_a_jwt_that_clients_can_read_without_the_key(tokens: Tokens, clock: StillClock) -> None:
    token, ends = tokens.issue(CLAIMS)
    said = jwt.decode(token, options={"verify_signature": False})
    assert (said["exp"], said["permission"], said["scope"]) == (int(ends.timestamp()), "Contributor", "Video")
    assert said["exp"] - int(clock.now().timestamp()) == 3600
    assert {"iss", "aud", "iat", "nbf", "jti", "Version", "accountId", "videoId"} <= said.keys()


def test_token_expires_after_an_hour(tokens: Tokens, clock: StillClock) -> None:
    token = tokens.issue(CLAIMS)[0]
    clock.move(3599)
    tokens.read(token)
    clock.move(10)
    with pytest.raises(TokenExpiredError):
        tokens.read(token)


def test_token_that_was_read_before_is_refused_once_its_key_is_gone(
    tmp_path: Path, clock: StillClock, tokens: Tokens
) -> None:
    token = tokens.issue(CLAIMS)[0]
    assert tokens.read(token) == tokens.read(token) == CLAIMS
    file = tmp_path / "keys.json"
    file.unlink()
    Keyring(file, clock, 3600).signing_key("start")
    with pytest.raises(TokenInvalidError):
        tokens.read(token)


def test_token_of_the_future_is_refused(tokens: Tokens, clock: StillClock) -> None:
    token = tokens.issue(CLAIMS)[0]
    clock.move(-60)
    with pytest.raises(TokenInvalidError):
        tokens.read(token)


def test_token_for_management_opens_no_account_and_the_other_way_round(tokens: Tokens) -> None:
    management = tokens.issue(TokenClaims(Scope.MANAGEMENT, Permission.OWNER))[0]
    assert tokens.read(management, is_management=True).scope is Scope.MANAGEMENT
    with pytest.raises(TokenInvalidError):
        tokens.read(management)
    with pytest.raises(TokenInvalidError):
        tokens.read(tokens.issue(CLAIMS)[0], is_management=True)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_token_is_refused_when_somebody_else_signed_it(tokens: Tokens, algorithm: str) -> None:
    real = tokens.issue(CLAIMS)[0]
    said = jwt.decode(real, options={"verify_signature": False})
    key: Any = None if algorithm == "none" else "x" * 32
    forged = jwt.encode(
        said, key, algorithm=algorithm, headers={"kid": jwt.get_unverified_header(real)["kid"]}
    )
    with pytest.raises(TokenInvalidError):
        tokens.read(forged)


@pytest.mark.parametrize("junk", ["", "a.b.c", "…", "eyJhbGciOiJIUzI1NiJ9.e30.", "a" * 3000])
def test_token_is_refused_when_it_is_none(tokens: Tokens, junk: str) -> None:
    with pytest.raises(TokenInvalidError):
        tokens.read(junk)


def test_token_survives_a_rotation_of_keys(tmp_path: Path, clock: StillClock) -> None:
    keyring = Keyring(tmp_path / "keys.json", clock, 3600)
    tokens = Tokens(keyring, clock, 3600)
    before = tokens.issue(CLAIMS)[0]
    keyring.rotate()
    after = tokens.issue(CLAIMS)[0]
    assert tokens.read(before) == tokens.read(after) == CLAIMS
    assert jwt.get_unverified_header(before)["kid"] != jwt.get_unverified_header(after)["kid"]


def test_user_token_names_the_accounts_that_it_lists(tokens: Tokens) -> None:
    claims = replace(CLAIMS, scope=Scope.USER, account_id=None, video_id=None, account_ids=("a", "b"))
    assert tokens.read(tokens.issue(claims)[0]).account_ids == ("a", "b")


@pytest.mark.parametrize(
    ("word", "permission"),
    [
        ("Reader", Permission.READER),
        (" contributor ", Permission.CONTRIBUTOR),
        ("MYACCESSADMINISTRATOR", Permission.ACCESS_ADMINISTRATOR),
        ("owner", Permission.OWNER),
        ("Admin", None),
    ],
)
def test_permission_is_understood_in_any_case(word: str, permission: Permission | None) -> None:
    assert Permission.parse(word) is permission
