"""Who is signed in, and for how long."""

import pytest

from efface.usecases.accounts import create_account, rotate_key
from efface.web.sessions import COOKIE, base_path, cookie_path
from tests.unit.web.conftest import LIFETIME_S, Site

MARK = {"X_Efface_Web": "1"}


def test_key_signs_in_and_the_session_gives_a_token_that_works(site: Site) -> None:
    cookie = site.signed_in()
    body = site.get("/web/session", cookie, **MARK).json()
    assert body["account"] == {
        "id": site.api.account.account_id,
        "name": "Studio One",
        "location": "westus2",
    }
    answer = site.get(f"{site.api.path}/Videos", Authorization=f"Bearer {body['accessToken']}")
    assert answer.status_code == 200
    assert body["expiresIn"] > 3000


@pytest.mark.parametrize(("account", "key"), [("Studio One", "0" * 64), ("Other", None), ("", None)])
def test_wrong_account_or_key_is_told_in_one_sentence(site: Site, account: str, key: str | None) -> None:
    answer = site.post(
        "/web/sign-in", data={"account": account, "key": key or site.api.key}, Sec_Fetch_Site="same-origin"
    )
    assert answer.status_code == 401
    assert "do not belong together" in answer.text
    assert COOKIE not in answer.cookies
    assert site.api.key not in answer.text


def test_account_is_named_by_its_id_too_and_in_any_case(site: Site) -> None:
    assert site.sign_in(site.api.account.account_id.upper()).status_code == 303
    assert site.sign_in("STUDIO one").status_code == 303


def test_key_of_another_account_does_not_open_this_one(site: Site) -> None:
    _, other_key = create_account(site.api.catalogue, site.api.clock, "Other")
    assert site.sign_in(key=other_key).status_code == 401


def test_link_signs_in_once(site: Site) -> None:
    code = site.codes.make(site.api.account.account_id)
    answer = site.get(f"/web/sign-in?code={code}")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/web/library")
    assert site.get("/web/library", answer.cookies[COOKIE]).status_code == 200
    again = site.get(f"/web/sign-in?code={code}")
    assert again.status_code == 401
    assert "used already or is too old" in again.text
    signed_in = site.get(f"/web/sign-in?code={code}", answer.cookies[COOKIE])
    assert (signed_in.status_code, signed_in.headers["Location"]) == (303, "/web/library")


def test_link_to_an_account_that_is_gone_opens_nothing(site: Site) -> None:
    assert site.get(f"/web/sign-in?code={site.codes.make('gone')}").status_code == 401


def test_cookie_is_out_of_reach_of_scripts_other_sites_and_the_api(site: Site) -> None:
    words = site.sign_in().headers["Set-Cookie"]
    assert "HttpOnly" in words
    assert "SameSite=lax" in words
    assert "Path=/web;" in words
    assert "Secure" not in words


def test_cookie_behind_tls_is_never_sent_without(site: Site) -> None:
    site.serve(public_url="https://video.example/efface")
    words = site.sign_in().headers["Set-Cookie"]
    assert "Secure" in words
    assert "Path=/efface/web;" in words


def test_cookie_does_not_open_the_api(site: Site) -> None:
    assert site.get(f"{site.api.path}/Videos", site.signed_in()).status_code == 401


@pytest.mark.parametrize("change", ["x", "", "."])
def test_forged_cookie_is_worth_nothing(site: Site, change: str) -> None:
    cookie = site.signed_in()
    forged = cookie[:-2] + change
    assert site.get("/web/session", forged, **MARK).status_code == 401


def test_download_link_is_no_cookie(site: Site) -> None:
    video = site.api.upload()
    link = site.api.call("GET", f"/Videos/{video.video_id}/SourceFile/DownloadUrl").json()
    token = link.split("/files/")[1].split("/")[0]
    assert site.get("/web/session", token, **MARK).status_code == 401


def test_session_ends_after_its_time(site: Site) -> None:
    cookie = site.signed_in()
    site.api.clock.move(LIFETIME_S - 1)
    assert site.get("/web/session", cookie, **MARK).status_code == 200
    site.api.clock.move(1)
    assert site.get("/web/session", cookie, **MARK).status_code == 401
    assert site.get("/web/library", cookie).headers["Location"] == "/web/sign-in"


def test_session_of_somebody_at_work_is_made_longer(site: Site) -> None:
    cookie = site.signed_in()
    assert COOKIE not in site.get("/web/session", cookie, **MARK).cookies
    site.api.clock.move(LIFETIME_S / 2 + 1)
    fresh = site.get("/web/session", cookie, **MARK).cookies[COOKIE]
    site.api.clock.move(LIFETIME_S / 2 + 1)
    assert site.get("/web/session", fresh, **MARK).status_code == 200


def test_new_key_signs_everybody_out(site: Site) -> None:
    cookie = site.signed_in()
    rotate_key(site.api.catalogue, site.api.account.account_id)
    assert site.get("/web/session", cookie, **MARK).status_code == 401


def test_sign_out_takes_the_cookie_away(site: Site) -> None:
    answer = site.post("/web/sign-out", site.signed_in(), Sec_Fetch_Site="same-origin")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/web/sign-in")
    assert "Max-Age=0" in answer.headers["Set-Cookie"]


def test_paths_of_a_base_url() -> None:
    assert base_path("https://a.example") == ""
    assert base_path("https://a.example/x/y/") == "/x/y"
    assert cookie_path("http://127.0.0.1:8080") == "/web"
