import json
import stat
import threading
from pathlib import Path

import pytest

from efface.api.keyring import Keyring
from efface.domain.errors import ConfigurationError
from tests.storage.records import StillClock

KEEP_S = 3600


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "keys.json"


def test_keyring_makes_its_file_closed_to_others(path: Path, clock: StillClock) -> None:
    Keyring(path, clock, KEEP_S).signing_key("tokens")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in path.parent.iterdir()] == ["keys.json"]


def test_keyring_is_shared_by_processes_that_start_together(path: Path, clock: StillClock) -> None:
    keyrings = [Keyring(path, clock, KEEP_S) for _ in range(16)]
    found: list[str] = []
    barrier = threading.Barrier(len(keyrings))

    def open_it(keyring: Keyring) -> None:
        barrier.wait()
        found.append(keyring.signing_key("tokens").key_id)

    threads = [threading.Thread(target=open_it, args=(keyring,)) for keyring in keyrings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1


def test_keyring_signs_with_the_new_key_everywhere_after_a_rotation(path: Path, clock: StillClock) -> None:
    here, there = Keyring(path, clock, KEEP_S), Keyring(path, clock, KEEP_S)
    old = there.signing_key("tokens")
    new_id = here.rotate()
    assert there.signing_key("tokens").key_id == new_id != old.key_id
    assert there.secret_of(old.key_id, "tokens") == old.secret


def test_keyring_forgets_an_old_key_when_nothing_that_it_signed_can_be_valid(
    path: Path, clock: StillClock
) -> None:
    keyring = Keyring(path, clock, KEEP_S)
    old = keyring.signing_key("tokens")
    keyring.rotate()
    clock.move(KEEP_S - 1)
    assert keyring.secret_of(old.key_id, "tokens") == old.secret
    clock.move(1)
    assert keyring.secret_of(old.key_id, "tokens") is None
    keyring.rotate()
    assert old.key_id not in path.read_text()


def test_keyring_survives_rotations_at_the_same_time(path: Path, clock: StillClock) -> None:
    Keyring(path, clock, KEEP_S).signing_key("tokens")
    threads = [threading.Thread(target=Keyring(path, clock, KEEP_S).rotate) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = json.loads(path.read_text())["keys"]
    assert len(keys) == 9
    assert [key["retired"] is None for key in keys] == [False] * 8 + [True]


def test_keyring_gives_each_purpose_a_secret_of_its_own(path: Path, clock: StillClock) -> None:
    keyring = Keyring(path, clock, KEEP_S)
    assert keyring.signing_key("tokens").secret != keyring.signing_key("links").secret


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_keyring_refuses_a_file_that_others_can_read(path: Path, clock: StillClock, mode: int) -> None:
    Keyring(path, clock, KEEP_S).signing_key("tokens")
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        Keyring(path, clock, KEEP_S).signing_key("tokens")


@pytest.mark.parametrize("content", ["", "[]", '{"keys": [{"id": "a"}]}', '{"keys": []}', "\x00"])
def test_keyring_refuses_a_damaged_file_and_leaves_it(path: Path, clock: StillClock, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="keys"):
        Keyring(path, clock, KEEP_S).signing_key("tokens")
    assert path.read_text() == content


def test_keyring_says_when_its_folder_cannot_be_made(tmp_path: Path, clock: StillClock) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be"):
        Keyring(tmp_path / "file" / "keys.json", clock, KEEP_S).signing_key("tokens")
