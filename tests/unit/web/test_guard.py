"""What other sites have a browser send is refused."""

import pytest

from tests.unit.web.conftest import Site


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
        {"Sec_Fetch_Site": "cross-site", "Origin": "http://video.test", "X_Efface_Web": "1"},
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Origin": "https://video.test"},
        {},
    ],
)
def test_foreign_post_is_refused(site: Site, headers: dict[str, str]) -> None:
    cookie = site.signed_in()
    form = {"account": site.api.account.name, "key": site.api.key}
    assert site.ask("POST", "/web/sign-out", cookie, headers).status_code == 403
    assert site.ask("POST", "/web/sign-in", None, headers, data=form).status_code == 403
    assert site.get("/web/session", cookie, **headers).status_code == 403


@pytest.mark.parametrize(
    "headers", [{"Sec_Fetch_Site": "same-origin"}, {"Origin": "http://video.test"}, {"X_Efface_Web": "1"}]
)
def test_own_page_and_clients_that_are_no_browser_are_let_in(site: Site, headers: dict[str, str]) -> None:
    assert site.get("/web/session", site.signed_in(), **headers).status_code == 200


def test_origin_behind_a_proxy_is_that_of_the_public_url(site: Site) -> None:
    site.serve(public_url="https://video.example/efface")
    cookie = site.signed_in()
    assert site.post("/web/sign-out", cookie, Origin="https://video.example").status_code == 303
    assert site.post("/web/sign-out", cookie, Origin="http://video.test").status_code == 403
