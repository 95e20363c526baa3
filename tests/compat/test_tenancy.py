"""Nothing of one account shows in another: every operation is tried with another account's tokens and ids."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from efface.api.routes import ROUTERS
from efface.domain.service import Account, Video
from tests.fakes.api_in_process import ApiInProcess, face_picture_id

OPEN_TO_ALL = {
    "/healthz": "says that the process lives",
    "/readyz": "says whether the service can work",
    "/metrics": "counts, for operators; names nobody",
    "/docs": "the description of the API",
    "/docs/start.js": "its script",
    "/docs/{name}": "its files",
    "/openapi.json": "the description of the API",
    "/embed/style.css": "a style sheet",
}
OTHER_LOCKS = {
    "/files/{token}/{name:path}": "a signature, see below",
    "/files/{token}/{name}": "a signature, see below",
    "/streams/{token}/manifest.mpd": "a signature, see below",
    "/streams/{token}/master.m3u8": "a signature, see below",
    "/streams/{token}/{track}.m3u8": "a signature, see below",
    "/streams/{token}/{name}": "answers preflights without looking",
    "/msi/token": "the operator's secret",
}
GIVES_OWN_LIST = {
    "/{location}/Accounts",
    "/Auth/{location}/Accounts",
    "/Auth/{location}/Users/me/AccessToken",
}
"""Answers by the token or key alone, whatever account is meant: see below."""


def routes() -> list[tuple[str, str]]:
    found = []
    for router in ROUTERS:
        for route in router.routes:
            path = getattr(route, "path", "")
            for method in sorted(getattr(route, "methods", None) or ()):
                if method not in {"HEAD", "OPTIONS"}:
                    found.append((method, path))
    return found


def is_locked_by_account(path: str) -> bool:
    return path not in OPEN_TO_ALL and path not in OTHER_LOCKS and not path.startswith("/subscriptions")


LOCKED = [(method, path) for method, path in routes() if is_locked_by_account(path)]


@pytest.fixture
def theirs(api: ApiInProcess) -> dict[str, Any]:
    """What another account holds: a video with faces and a job."""
    other, key = api.add_account("Other")
    mine = api.account
    api.account = other
    video = api.indexed("secret name of theirs")
    answer = api.call("POST", f"/Videos/{video.video_id}/redact?name=theirs", json={"faces": {}})
    assert answer.status_code == 202
    job = answer.headers["Location"].rsplit("/", 1)[1]
    token = api.token()
    api.account = mine
    return {"account": other, "video": video, "job": job, "token": token, "key": key}


def filled(path: str, account: Account, video: Video, job: str) -> str:
    values = {
        "location": account.location,
        "accountId": account.account_id,
        "videoId": video.video_id,
        "jobId": job,
        "faceId": "1001",
        "thumbnailId": face_picture_id(1001),
        "projectId": "0" * 10,
    }
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda match: values[match[1]], path)


def request_of(method: str, path: str) -> dict[str, Any]:
    options: dict[str, Any] = {"params": {"type": "Faces", "newName": "x", "externalId": "x", "name": "x"}}
    if path.endswith("/redact"):
        options["json"] = {"faces": {}}
    return options


def test_every_route_is_known_to_be_locked_or_open() -> None:
    assert len(LOCKED) >= 25
    for _, path in routes():
        is_open = path in OPEN_TO_ALL or path in OTHER_LOCKS or path.startswith("/subscriptions")
        assert is_open or "{accountId}" in path or path in GIVES_OWN_LIST, path


@pytest.mark.parametrize(("method", "path"), [entry for entry in LOCKED if "{accountId}" in entry[1]])
def test_another_account_is_closed_to_my_token_and_my_key(
    method: str, path: str, api: ApiInProcess, theirs: dict[str, Any]
) -> None:
    url = filled(path, theirs["account"], theirs["video"], theirs["job"])
    headers = {**api.authorized(), "Ocp-Apim-Subscription-Key": api.key}
    answer = api.ask(method, url, headers=headers, **request_of(method, path))
    assert answer.status_code in {401, 404}, answer.text
    assert "secret name" not in answer.text
    assert api.ask(method, url, **request_of(method, path)).status_code in {401, 404}
    assert api.catalogue.video(theirs["account"].account_id, theirs["video"].video_id) == theirs["video"]


@pytest.mark.parametrize(
    ("method", "path"), [entry for entry in LOCKED if "{videoId}" in entry[1] or "{jobId}" in entry[1]]
)
def test_their_ids_are_nothing_in_my_account(
    method: str, path: str, api: ApiInProcess, theirs: dict[str, Any]
) -> None:
    url = filled(path, api.account, theirs["video"], theirs["job"])
    headers = {**api.authorized(), "Ocp-Apim-Subscription-Key": api.key}
    answer = api.ask(method, url, headers=headers, **request_of(method, path))
    assert answer.status_code == 404, answer.text
    assert "secret name" not in answer.text


def test_lists_and_searches_hold_what_is_mine(api: ApiInProcess, theirs: dict[str, Any]) -> None:
    mine = api.indexed("mine")
    for path in ("/Videos", "/Videos/Search"):
        found = api.call("GET", path).json()["results"]
        assert [video["id"] for video in found] == [mine.video_id]
    assert api.call("GET", "/Jobs").json()["results"][0]["videoId"] == mine.video_id
    assert len(api.call("GET", "/Jobs").json()["results"]) == 1
    accounts = api.get("/westus2/Accounts", headers=api.authorized()).json()
    assert [account["id"] for account in accounts] == [api.account.account_id]


def test_picture_of_theirs_is_no_picture_of_my_video(api: ApiInProcess, theirs: dict[str, Any]) -> None:
    mine = api.upload("mine")
    answer = api.call("GET", f"/Videos/{mine.video_id}/Thumbnails/{face_picture_id(1001)}")
    assert answer.status_code == 404


def altered(signed: str) -> Iterator[str]:
    head, token, rest = signed.partition("/files/")[0], *signed.partition("/files/")[2].split("/", 1)
    payload, _, signature = token.partition(".")
    yield f"{head}/files/{payload[:-2]}AA.{signature}/{rest}"
    yield f"{head}/files/{payload}.{signature[:-2]}AA/{rest}"
    yield f"{head}/files/{payload}/{rest}"
    yield f"{head}/files/{token}/other.mp4"


def test_signed_links_cannot_be_bent_to_another_file(api: ApiInProcess) -> None:
    video = api.indexed()
    signed = api.call("GET", f"/Videos/{video.video_id}/SourceFile/DownloadUrl").json()
    assert api.get(signed).content == b"a video"
    for bent in altered(signed):
        assert api.get(bent).status_code == 403, bent


def test_token_of_one_video_opens_no_other(api: ApiInProcess) -> None:
    one, other = api.indexed("one"), api.indexed("other")
    headers = api.authorized(video_id=one.video_id)
    assert api.get(f"{api.path}/Videos/{one.video_id}/Index", headers=headers).status_code == 200
    assert api.get(f"{api.path}/Videos/{other.video_id}/Index", headers=headers).status_code == 401
    assert api.get(f"{api.path}/Videos", headers=headers).status_code == 401
