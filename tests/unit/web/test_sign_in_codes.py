"""Codes that sign in once."""

from pathlib import Path

import pytest

from efface.domain.errors import ConfigurationError
from efface.web.sign_in_codes import LIFETIME, SignInCodes
from tests.storage.records import StillClock

ACCOUNT = "00000000-0000-0000-0000-000000000001"


def test_code_signs_in_once(tmp_path: Path) -> None:
    codes = SignInCodes(tmp_path / "codes", StillClock())
    code = codes.make(ACCOUNT)
    assert codes.take(code) == ACCOUNT
    assert codes.take(code) is None


def test_code_is_good_for_other_processes_of_the_service(tmp_path: Path) -> None:
    code = SignInCodes(tmp_path / "codes", StillClock()).make(ACCOUNT)
    assert SignInCodes(tmp_path / "codes", StillClock()).take(code) == ACCOUNT


def test_code_is_over_after_an_hour_and_its_file_goes_with_the_next(tmp_path: Path) -> None:
    clock = StillClock()
    codes = SignInCodes(tmp_path / "codes", clock)
    late, forgotten = codes.make(ACCOUNT), codes.make(ACCOUNT)
    clock.move(LIFETIME.total_seconds())
    assert codes.take(late) is None
    codes.make(ACCOUNT)
    assert len(list((tmp_path / "codes").iterdir())) == 1
    assert codes.take(forgotten) is None


@pytest.mark.parametrize("code", ["", "made up", "../keys.json", "x" * 10_000])
def test_code_that_was_never_made_opens_nothing(tmp_path: Path, code: str) -> None:
    codes = SignInCodes(tmp_path / "codes", StillClock())
    codes.make(ACCOUNT)
    assert codes.take(code) is None


def test_only_hashes_are_kept_and_only_the_owner_reads_them(tmp_path: Path) -> None:
    folder = tmp_path / "codes"
    code = SignInCodes(folder, StillClock()).make(ACCOUNT)
    (file,) = folder.iterdir()
    assert code not in file.name
    assert code not in file.read_text()
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)


def test_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "codes").write_text("a file")
    with pytest.raises(ConfigurationError, match=r"sign-in codes in .*codes cannot be used"):
        SignInCodes(tmp_path / "codes", StillClock()).make(ACCOUNT)


def test_half_written_file_opens_nothing(tmp_path: Path) -> None:
    codes = SignInCodes(tmp_path / "codes", StillClock())
    code = codes.make(ACCOUNT)
    (file,) = (tmp_path / "codes").iterdir()
    file.write_text("{")
    assert codes.take(code) is None
