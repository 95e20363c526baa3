from pathlib import Path
from typing import Any

import pytest

from efface.api.settings import ApiSettings, Rate
from efface.domain.errors import ConfigurationError

FOLDER = Path("/nowhere")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("public_url", "video.example.org"),
        ("public_url", "https://x/?a=b"),
        ("public_url", "ftp://x"),
        ("trusted_proxies", ("10.0.0.0/33",)),
        ("trusted_proxies", ("proxy.local",)),
        ("location_aliases", ("a/b",)),
        ("admin_secrets", ("short",)),
        ("identity_secret", "short"),
        ("token_lifetime_s", 0),
        ("request_limit_s", -1.0),
        ("max_upload_bytes", 0),
    ],
)
def test_settings_refuse_what_cannot_work_and_name_it(field: str, value: Any) -> None:
    with pytest.raises(ConfigurationError):
        ApiSettings(FOLDER / "keys.json", FOLDER, **{field: value})


def test_settings_have_the_limits_of_the_original() -> None:
    settings = ApiSettings(FOLDER / "keys.json", FOLDER)
    assert settings.api_rate == Rate(10, 120)
    assert (settings.token_lifetime_s, settings.url_lifetime_s) == (3600, 3600)
    assert settings.max_upload_bytes == 2_000_000_000


def test_rate_refuses_less_than_nothing() -> None:
    with pytest.raises(ConfigurationError):
        Rate(-1, 0)
