"""Accounts and their keys."""

import pytest

from efface.domain.errors import AccountNotFoundError, RequestError
from efface.usecases.accounts import create_account, find_account, hash_key, rotate_key
from tests.unit.usecases.conftest import Stage


def test_key_opens_its_account_and_is_not_kept(stage: Stage) -> None:
    made, key = create_account(stage.services.catalogue, stage.clock, "city office", location="WestEurope")
    assert made.location == "westeurope"
    assert stage.services.catalogue.accounts_with_key(hash_key(key)) == (made,)
    assert key not in (stage.folder / "catalogue.sqlite").read_bytes().decode("latin-1")


def test_new_key_closes_the_old_one(stage: Stage) -> None:
    made, old = create_account(stage.services.catalogue, stage.clock, "hospital")
    new = rotate_key(stage.services.catalogue, made.account_id)
    assert stage.services.catalogue.accounts_with_key(hash_key(old)) == ()
    assert stage.services.catalogue.accounts_with_key(hash_key(new)) == (made,)


def test_account_is_found_by_name_or_id_in_any_case(stage: Stage) -> None:
    catalogue = stage.services.catalogue
    assert find_account(catalogue, "NewsRoom") == stage.account
    assert find_account(catalogue, stage.account.account_id.upper()) == stage.account
    with pytest.raises(AccountNotFoundError, match="account list"):
        find_account(catalogue, "nobody")


@pytest.mark.parametrize(("name", "location"), [("", "local"), ("a/b", "local"), ("ok", "a b"), ("ok", "")])
def test_names_that_no_path_can_hold_are_refused(stage: Stage, name: str, location: str) -> None:
    with pytest.raises(RequestError):
        create_account(stage.services.catalogue, stage.clock, name, location=location)


def test_name_is_taken_once(stage: Stage) -> None:
    with pytest.raises(RequestError, match="newsroom"):
        create_account(stage.services.catalogue, stage.clock, "newsroom")
