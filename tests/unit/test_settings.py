"""Settings: where they come from, and how bad ones are told."""

from pathlib import Path

import pytest

from efface.domain.errors import ConfigurationError
from efface.settings import default_data_folder, read_settings


def test_everything_lies_in_the_data_folder_by_default(tmp_path: Path) -> None:
    settings = read_settings(data=tmp_path)
    assert settings.catalogue_url == f"sqlite:///{tmp_path}/catalogue.sqlite"
    assert settings.jobs_url == f"sqlite:///{tmp_path}/jobs.sqlite"
    assert settings.objects_url == f"{tmp_path}/objects"
    assert settings.signing_keys_file == tmp_path / "keys.json"
    assert not settings.is_distributed


def test_what_a_command_was_told_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EFFACE_PORT", "9000")
    monkeypatch.setenv("EFFACE_HOST", "0.0.0.0")
    settings = read_settings(port=0, host=None)
    assert (settings.port, settings.host) == (0, "0.0.0.0")


def test_one_database_serves_catalogue_and_jobs_of_several_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EFFACE_DATABASE_URL", "postgresql://efface@db/efface")
    settings = read_settings()
    assert settings.is_distributed
    assert settings.catalogue_url == settings.jobs_url == "postgresql://efface@db/efface"


def test_lists_are_written_with_commas_and_options_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EFFACE_TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1,")
    monkeypatch.setenv("EFFACE_OBJECT_STORE_OPTIONS", '{"region": "eu"}')
    settings = read_settings()
    assert settings.trusted_proxies == ("10.0.0.0/8", "127.0.0.1")
    assert settings.object_store_options == {"region": "eu"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "65536"),
        ("RATE_PER_S", "-1"),
        ("LOG_FORMAT", "xml"),
        ("MAX_OPEN_JOBS", "0"),
    ],
)
def test_bad_value_is_refused_by_the_name_of_its_variable(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"EFFACE_{name}", value)
    with pytest.raises(ConfigurationError, match=f"EFFACE_{name} cannot be used"):
        read_settings()


def test_options_that_are_no_json_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EFFACE_OBJECT_STORE_OPTIONS", "region=eu")
    with pytest.raises(ConfigurationError, match="OBJECT_STORE_OPTIONS"):
        read_settings()


def test_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EFFACE_PORT", "")
    assert read_settings().port == 8080


def test_data_folder_is_the_user_s_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert read_settings().data == default_data_folder() == tmp_path / "efface"
