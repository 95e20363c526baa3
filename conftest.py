"""What holds for every test: a clean environment, and the marker that keeps real clips out of `make test`."""

import os
from pathlib import Path

import pytest

_SERVERS = {"postgres", "postgres_url", "s3_url", "azure_url"}
"""Fixtures that start a real PostgreSQL or an emulator of a cloud's object store."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for the real clips, or for a server that must be installed, stays out of `make test`."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if "shared" in fixtures:
            item.add_marker(pytest.mark.media)
        if fixtures & _SERVERS:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the developer's shell reaches a test."""
    for name in list(os.environ):
        if name.startswith("EFFACE_") or name in {"FORCE_COLOR", "NO_COLOR", "COLUMNS"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("TERM", "dumb")


@pytest.fixture(scope="session")
def sample_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled clip: one face, 100 frames of 640x480 at 25 frames/s, H.264 with an AAC tone."""
    from efface.media.sample_clip import write_sample_clip  # noqa: PLC0415  PyAV only for those who ask

    path = tmp_path_factory.mktemp("sample") / "sample.mp4"
    write_sample_clip(path)
    return path
