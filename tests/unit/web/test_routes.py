"""Pages: who sees them, what they allow, where they lead."""

import re
from pathlib import Path

import pytest

from efface.web.pages import STATIC_FOLDER, static_mark
from tests.unit.web.conftest import Site

PAGES = (
    "/web/library",
    "/web/sign-in",
    "/web/videos/{video}",
    "/web/redactions/{redaction}",
    "/web/videos/nobody",
)


def pages(site: Site) -> list[str]:
    video = site.api.indexed()
    answer = site.api.call("POST", f"/Videos/{video.video_id}/redact?name=safe", json={"faces": {}})
    job = site.api.catalogue.job(site.api.account.account_id, answer.headers["Location"].rpartition("/")[2])
    return [page.format(video=video.video_id, redaction=job.output_id) for page in PAGES]


@pytest.mark.parametrize(
    ("path", "target"), [("/", "/web/library"), ("/web", "/web/library"), ("/web/", "/web/library")]
)
def test_short_addresses_lead_to_the_library(site: Site, path: str, target: str) -> None:
    answer = site.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (302, target)


def test_page_leads_to_the_form_and_back_to_itself(site: Site) -> None:
    answer = site.get("/web/videos/0123456789")
    assert answer.headers["Location"] == "/web/sign-in?next=%2Fweb%2Fvideos%2F0123456789"
    assert site.sign_in(next="/web/videos/0123456789").headers["Location"] == "/web/videos/0123456789"
    form = site.get("/web/sign-in?next=%2Fweb%2Fvideos%2F0123456789").text
    assert 'name="next" value="/web/videos/0123456789"' in form


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.test/",
        "//evil.test/web/",
        "/web//evil.test",
        "/web/\\evil",
        "/web/x?y",
        "/files/x",
        "/web/sign-in",
        "/web/a\nb",
    ],
)
def test_nobody_is_led_astray_after_signing_in(site: Site, target: str) -> None:
    assert site.sign_in(next=target).headers["Location"] == "/web/library"


def test_form_is_passed_over_by_those_who_are_signed_in(site: Site) -> None:
    answer = site.get("/web/sign-in", site.signed_in())
    assert (answer.status_code, answer.headers["Location"]) == (303, "/web/library")


def test_video_of_another_account_is_not_there(site: Site) -> None:
    cookie = site.signed_in()
    other, _ = site.api.add_account("Other")
    site.api.account = other
    video = site.api.indexed("secret name")
    answer = site.get(f"/web/videos/{video.video_id}", cookie)
    assert answer.status_code == 404
    assert "secret name" not in answer.text
    assert answer.text == site.get("/web/videos/ffffffffff", cookie).text


def test_redaction_has_a_page_of_its_own_wherever_it_is_asked_for(site: Site) -> None:
    *_, redaction, _ = pages(site)
    cookie = site.signed_in()
    by_video = site.get(redaction.replace("redactions", "videos"), cookie)
    assert site.get(redaction, cookie).text == by_video.text
    assert 'id="redacted"' in by_video.text


def test_no_page_holds_script_or_style_or_names_another_host(site: Site) -> None:
    addresses = pages(site)
    cookie = site.signed_in()
    for address in addresses:
        text = site.get(address, None if "sign-in" in address else cookie).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text), address
        assert re.findall(r"<script(?![^>]* src=)", text) == [], address
        assert re.findall(r'(?:src|href|action)="(?!/|#)[^"]*"', text) == [], address


def test_pages_allow_nothing_from_elsewhere_and_are_kept_nowhere(site: Site) -> None:
    cookie = site.signed_in()
    for address in pages(site):
        headers = site.get(address, cookie if "sign-in" not in address else None).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert headers["Cache-Control"] == "no-store"


def test_name_of_a_video_is_text_and_nothing_else(site: Site) -> None:
    video = site.api.upload("<script>alert(1)</script>")
    text = site.get(f"/web/videos/{video.video_id}", site.signed_in()).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_static_files_are_sent_small_to_those_who_can_read_them(site: Site) -> None:
    url = f"/web/static/{static_mark()}/theme.css"
    packed = site.api.get(url, headers={"Accept-Encoding": "gzip"})
    plain = site.api.get(url, headers={"Accept-Encoding": "identity"})
    assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert "Content-Encoding" not in plain.headers
    assert packed.text == plain.text
    assert int(packed.headers["Content-Length"]) < len(plain.content) / 2


def test_static_files_are_kept_by_browsers_as_long_as_they_stay_the_same(site: Site) -> None:
    answer = site.get(f"/web/static/{static_mark()}/api.js")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "immutable" in answer.headers["Cache-Control"]
    assert site.get("/web/static/old/api.js").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "name", ["none.js", "../routes.py", "..%2Froutes.py", "%2e%2e/pages.py", "review", ""]
)
def test_nothing_but_static_files_is_served(site: Site, name: str) -> None:
    assert site.get(f"/web/static/x/{name}").status_code == 404


def test_every_file_that_a_page_names_is_there(site: Site) -> None:
    cookie = site.signed_in()
    for address in pages(site):
        text = site.get(address, None if "sign-in" in address else cookie).text
        for link in re.findall(r'"(/web/static/[^"]+)"', text):
            assert site.get(link).status_code == 200, link


def imported(module: Path) -> set[Path]:
    names = re.findall(r'(?:from|import)\s*\(?"(\.[^"]+)"', module.read_text(encoding="utf-8"))
    return {(module.parent / name).resolve() for name in names}


def test_every_module_that_a_module_imports_is_there() -> None:
    modules = list(STATIC_FOLDER.rglob("*.js"))
    assert modules
    missing = {
        (module.name, str(name)) for module in modules for name in imported(module) if not name.is_file()
    }
    assert missing == set()


def test_report_of_a_browser_is_taken(site: Site) -> None:
    answer = site.api.ask("POST", "/web/csp-report", content=b"{}" * 100_000)
    assert answer.status_code == 204


def test_pages_work_below_a_path(site: Site) -> None:
    site.serve(public_url="https://video.example/efface")
    cookie = site.signed_in()
    text = site.get("/web/library", cookie).text
    assert f'src="/efface/web/static/{static_mark()}/library.js"' in text
    assert 'name="efface-base" content="/efface"' in text
    assert site.get("/").headers["Location"] == "/efface/web/library"
