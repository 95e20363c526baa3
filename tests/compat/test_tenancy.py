"""Nothing of one account shows in another: every operation is tried with another account's tokens and ids.

Which operations there are is read off the application, so that no new one can be forgotten: it is locked by an
account, or named below with what it is locked by instead.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from efface.api.access import Permission, Scope
from efface.api.routes import ROUTERS
from efface.api.tokens import TokenClaims
from efface.domain.service import Account, Video
from tests.fakes.api_in_process import ApiInProcess, face_picture_id

ARM = (
    "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/Microsoft.VideoIndexer"
    "/accounts/{accountName}"
)
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
    "/files/{token}/{name:path}": "a signature: tests/compat/test_signed_tenancy.py",
    "/streams/{token}/manifest.mpd": "a signature, as above",
    "/streams/{token}/master.m3u8": "a signature, as above",
    "/streams/{token}/{track}.m3u8": "a signature, as above",
    "/msi/token": "the operator's secret, see below",
    f"{ARM}/generateAccessToken": "the operator's secret, see below",
    f"{ARM}/generateRestrictedViewerAccessToken": "the operator's secret, see below",
    ARM: "the operator's secret, see below",
}
GIVES_OWN_LIST = {
    "/{location}/Accounts": "accounts of the token or key alone, see below",
    "/Auth/{location}/Accounts": "the same",
    "/Auth/{location}/Users/me/AccessToken": "a token for the accounts of the key alone, see below",
}
_NO_OPERATION = {"HEAD", "OPTIONS"}
"""The first answers as GET does, the second without looking at anything."""
NOWHERE = "99999999-9999-4999-8999-999999999999"
"""An account and a job that nobody has."""
NO_UPLOAD = "f" * 32
THEIR_FACE, NO_FACE = 2001, 999
CONTENT_SHA256 = hashlib.sha256(b"a video").hexdigest()
SECRET = "secret name of theirs"


def operations() -> list[tuple[str, str]]:
    return [
        (method, str(getattr(route, "path", "")))
        for router in ROUTERS
        for route in router.routes
        for method in sorted(getattr(route, "methods", None) or ())
        if method not in _NO_OPERATION
    ]


LOCKED = [(method, path) for method, path in operations() if "{accountId}" in path]
WITH_IDS = [(method, path) for method, path in LOCKED if re.search(r"\{(videoId|jobId|projectId)\}", path)]


@dataclass(frozen=True)
class Ids:
    """What a path may name."""

    account: str
    video: str
    job: str
    face: int = THEIR_FACE
    upload: str = NO_UPLOAD

    def fill(self, path: str) -> str:
        values = {
            "location": "westus2",
            "accountId": self.account,
            "videoId": self.video,
            "jobId": self.job,
            "faceId": str(self.face),
            "thumbnailId": face_picture_id(self.face),
            "projectId": self.video,
            "chunk": "0",
            "uploadId": self.upload,
        }
        return re.sub(r"\{(\w+)(:\w+)?\}", lambda match: values[match[1]], path)

    def strip(self, text: str) -> str:
        """A text without these ids, in which nothing else may tell whether they exist."""
        for name in (face_picture_id(self.face), self.job, self.account, self.video, str(self.face)):
            text = text.replace(name, "*")
        return text


UNKNOWN = Ids(NOWHERE, "ffffffffff", NOWHERE, NO_FACE)


@dataclass(frozen=True)
class Theirs:
    """What another account holds: a video with faces, a redaction of it that is under way, and keys to all."""

    account: Account
    video: Video
    output: Video
    job: str
    key: str

    @property
    def ids(self) -> Ids:
        return Ids(self.account.account_id, self.video.video_id, self.job)


def made_by_others(api: ApiInProcess, **parameters: Any) -> Theirs:
    other, key = api.add_account("Other")
    mine, api.account = api.account, other
    try:
        video = api.indexed(SECRET, first_face=THEIR_FACE, externalId="theirs", **parameters)
        answer = api.call("POST", f"/Videos/{video.video_id}/redact?name={SECRET} 2", json={"faces": {}})
        assert answer.status_code == 202, answer.text
        job = api.catalogue.job(other.account_id, answer.headers["Location"].rpartition("/")[2])
        assert job.output_id
        return Theirs(other, video, api.video(job.output_id), job.job_id, key)
    finally:
        api.account = mine


@pytest.fixture
def theirs(api: ApiInProcess) -> Theirs:
    return made_by_others(api)


def send(api: ApiInProcess, method: str, url: str, headers: dict[str, str]) -> httpx.Response:
    """A request that would do its work, were it sent by the owner."""
    options: dict[str, Any] = {
        "params": {"type": "Faces", "newName": "x", "externalId": "theirs", "name": "x"}
    }
    if method == "PUT" and url.endswith("/Edits"):
        headers = {**headers, "If-Match": "0"}
        options["json"] = {"format": "efface-edits", "version": 1, "source_sha256": CONTENT_SHA256}
    elif url.endswith("/Preview"):
        options["json"] = {"frame": 0, "redaction": {"faces": {}}}
    elif url.endswith("/Regions/Follow"):
        drawn = [{"frame": 0, "box": [1, 1, 20, 20]}]
        region = {"first_frame": 0, "end_frame": 2, "is_followed": True, "keyframes": drawn}
        options["json"] = {"region": region}
    elif url.endswith("/redact"):
        options["json"] = {"faces": {}}
    elif method == "POST":
        options["files"] = {"file": ("a.mp4", b"bytes of mine")}
    return api.ask(method, url, headers=headers, **options)


def told(answer: httpx.Response, ids: Ids) -> tuple[int, str, dict[str, str]]:
    """All that an answer tells, but for the ids that the client has named itself and the id of the request."""
    headers = {name: ids.strip(value) for name, value in answer.headers.items() if name != "x-ms-request-id"}
    headers.pop("content-length", None)
    return answer.status_code, ids.strip(answer.text), headers


def everything_of(api: ApiInProcess, theirs: Theirs) -> tuple[Any, ...]:
    account_id = theirs.account.account_id
    jobs, num_jobs = api.catalogue.list_jobs(account_id, skip=0, limit=100)
    videos = [api.catalogue.video(account_id, v.video_id) for v in (theirs.video, theirs.output)]
    faces = api.catalogue.face_edits(account_id, theirs.video.video_id)
    return api.catalogue.num_videos(account_id), videos, num_jobs, jobs, faces, dict(api.objects.content)


def credentials(api: ApiInProcess) -> dict[str, dict[str, str]]:
    """All that I could send, by what it is."""
    mine = api.indexed("mine")
    user = TokenClaims(Scope.USER, Permission.OWNER, account_ids=(api.account.account_id,))
    narrow = api.authorized(video_id=mine.video_id)
    return {
        "nothing": {},
        "token and key": {
            **api.authorized(permission=Permission.OWNER),
            "Ocp-Apim-Subscription-Key": api.key,
        },
        "token of a user": {"Authorization": f"Bearer {api.context.tokens.issue(user)[0]}"},
        "token of a video": narrow,
        "nonsense": {"Authorization": "Bearer a.b.c", "Ocp-Apim-Subscription-Key": "0" * 32},
    }


def test_every_operation_is_locked_by_an_account_or_known_not_to_be(api: ApiInProcess) -> None:
    known = OPEN_TO_ALL.keys() | OTHER_LOCKS.keys() | GIVES_OWN_LIST.keys()
    assert {path for _, path in operations() if "{accountId}" not in path} == known
    assert len(LOCKED) >= 27
    served = {
        (method, route.path)
        for served in api.app.routes
        # Routers are asked for their routes at each request; a route by itself is its own only one.
        for route in getattr(served, "effective_route_contexts", lambda served=served: (served,))()
        for method in (getattr(route, "methods", None) or {"ANY"})
        if method not in _NO_OPERATION
    }
    assert served == set(operations())


@pytest.mark.parametrize(("method", "path"), LOCKED)
def test_another_account_is_closed_and_does_not_tell_whether_it_is_there(
    method: str, path: str, api: ApiInProcess, theirs: Theirs
) -> None:
    before = None
    for what, headers in credentials(api).items():
        before = before or everything_of(api, theirs)
        answer = send(api, method, theirs.ids.fill(path), headers)
        assert answer.status_code in {401, 404}, (what, answer.text)
        nowhere = send(api, method, UNKNOWN.fill(path), headers)
        assert told(answer, theirs.ids) == told(nowhere, UNKNOWN), what
        assert SECRET not in answer.text
    assert everything_of(api, theirs) == before


@pytest.mark.parametrize(("method", "path"), WITH_IDS)
def test_ids_of_others_are_nothing_in_my_account(
    method: str, path: str, api: ApiInProcess, theirs: Theirs
) -> None:
    headers = {**api.authorized(permission=Permission.OWNER), "Ocp-Apim-Subscription-Key": api.key}
    before = everything_of(api, theirs)
    mine = api.account.account_id
    for video in (theirs.video, theirs.output):
        ids, unknown = Ids(mine, video.video_id, theirs.job), Ids(mine, UNKNOWN.video, NOWHERE, NO_FACE)
        answer = send(api, method, ids.fill(path), headers)
        assert answer.status_code == 404, answer.text
        assert told(answer, ids) == told(send(api, method, unknown.fill(path), headers), unknown)
        assert SECRET not in answer.text
    assert everything_of(api, theirs) == before


@pytest.mark.parametrize(
    ("method", "path"), [entry for entry in LOCKED if re.search(r"\{(faceId|thumbnailId)\}", entry[1])]
)
def test_faces_and_pictures_of_others_are_none_of_my_video(
    method: str, path: str, api: ApiInProcess, theirs: Theirs
) -> None:
    mine = api.indexed("mine")
    for face in (THEIR_FACE, THEIR_FACE + 1):
        ids, unknown = (
            Ids(mine.account_id, mine.video_id, NOWHERE, face),
            Ids(mine.account_id, mine.video_id, NOWHERE, NO_FACE),
        )
        answer = send(api, method, ids.fill(path), api.authorized())
        assert answer.status_code == 404
        assert told(answer, ids) == told(send(api, method, unknown.fill(path), api.authorized()), unknown)
    # The same request with a face of mine does its work: it was the id that was refused.
    own = Ids(mine.account_id, mine.video_id, NOWHERE, 1001)
    assert send(api, method, own.fill(path), api.authorized()).is_success


@pytest.mark.parametrize(("method", "path"), [entry for entry in LOCKED if "{videoId}" in entry[1]])
def test_token_of_one_video_opens_no_other_of_the_same_account(
    method: str, path: str, api: ApiInProcess
) -> None:
    one, other = api.indexed("one"), api.indexed("other")
    headers = api.authorized(permission=Permission.OWNER, video_id=one.video_id)
    ids, unknown = (
        Ids(one.account_id, other.video_id, NOWHERE, 1001),
        Ids(one.account_id, UNKNOWN.video, NOWHERE, 1001),
    )
    answer = send(api, method, ids.fill(path), headers)
    assert answer.status_code == 401, answer.text
    assert told(answer, ids) == told(send(api, method, unknown.fill(path), headers), unknown)
    assert api.video(other.video_id) == other


@pytest.mark.parametrize(
    ("method", "path"),
    [entry for entry in LOCKED if "{videoId}" not in entry[1] and "/Auth/" not in entry[1]],
)
def test_token_of_one_video_does_not_open_its_account(method: str, path: str, api: ApiInProcess) -> None:
    one = api.indexed("one")
    (job,) = api.catalogue.jobs_of_video(one.account_id, one.video_id)
    headers = api.authorized(permission=Permission.OWNER, video_id=one.video_id)
    answer = send(api, method, Ids(one.account_id, one.video_id, job.job_id).fill(path), headers)
    assert (answer.status_code, answer.json()["ErrorType"]) == (401, "USER_NOT_ALLOWED")


@pytest.mark.parametrize(("method", "path"), [(m, p) for m, p in LOCKED if m != "GET" and "{videoId}" in p])
def test_public_video_of_others_is_read_and_never_changed(method: str, path: str, api: ApiInProcess) -> None:
    theirs = made_by_others(api, privacy="Public")
    before = everything_of(api, theirs)
    for headers in ({}, {**api.authorized(), "Ocp-Apim-Subscription-Key": api.key}):
        assert send(api, method, theirs.ids.fill(path), headers).status_code == 401
    assert everything_of(api, theirs) == before
    assert (
        api.get(theirs.ids.fill("/{location}/Accounts/{accountId}/Videos/{videoId}/Index")).status_code == 200
    )


@pytest.mark.parametrize(("method", "path"), [entry for entry in operations() if entry[1].startswith(ARM)])
def test_resource_manager_opens_nothing_for_keys_and_tokens_of_accounts(
    method: str, path: str, api: ApiInProcess, theirs: Theirs
) -> None:
    api.serve(admin_secrets=("secret-of-the-operator",))
    for name in ("Studio One", "Other", "Nobody"):
        url = re.sub(r"\{\w+\}", "x", path.replace("{accountName}", name))
        token = api.token(Permission.OWNER)
        answers = {
            api.ask(method, url, headers={"Authorization": f"Bearer {secret}"}).text
            for secret in (token, api.key, "nonsense")
        }
        assert answers == {
            '{"error":{"code":"InvalidAuthenticationToken","message":"The access token is invalid."}}'
        }
        assert api.ask(method, url, headers={"Ocp-Apim-Subscription-Key": api.key}).status_code == 401


def test_identity_endpoint_opens_nothing_for_keys_and_tokens_of_accounts(api: ApiInProcess) -> None:
    url = "/msi/token?resource=https://management.azure.com"
    api.serve(identity_secret="secret-of-the-operator")
    for secret in ("", api.key, api.token(Permission.OWNER)):
        assert api.get(url, headers={"X-Identity-Header": secret}).status_code == 401
    assert api.get(url, headers={"X-Identity-Header": "secret-of-the-operator"}).status_code == 200


def test_lists_and_searches_hold_what_is_mine(api: ApiInProcess, theirs: Theirs) -> None:
    mine = api.indexed("mine")
    narrowed = f"?id={theirs.video.video_id}&id={mine.video_id}"
    for path in ("/Videos", "/Videos/Search", f"/Videos/Search{narrowed}", "/Videos?skip=0&pageSize=1000"):
        page = api.call("GET", path).json()
        assert [video["id"] for video in page["results"]] == [mine.video_id]
        assert page["nextPage"]["done"] is True
    for query in (
        "query=secret",
        "externalId=theirs",
        "owner=Other",
        f"sourceVideoId={theirs.video.video_id}",
        f"id={theirs.video.video_id}&state=Processed,Processing",
    ):
        assert api.call("GET", f"/Videos/Search?{query}").json()["results"] == []
    assert api.call("GET", "/Videos/GetIdByExternalId?externalId=theirs").status_code == 404
    assert [job["videoId"] for job in api.call("GET", "/Jobs").json()["results"]] == [mine.video_id]
    told_of_account = api.call("GET", "?includeUsage=true&includeStatistics=true").json()
    assert told_of_account["statistics"]["videosCount"] == 1
    assert told_of_account["quotaUsage"]["dailyUploadCount"] == 1


def test_accounts_are_listed_for_those_whose_they_are(api: ApiInProcess, theirs: Theirs) -> None:
    key = {"Ocp-Apim-Subscription-Key": api.key}
    user_token = api.get("/Auth/westus2/Users/me/AccessToken?allowEdit=true", headers=key).json()
    by_user = {"Authorization": f"Bearer {user_token}"}
    for path, headers in (
        ("/westus2/Accounts", api.authorized()),
        ("/westus2/Accounts", key),
        ("/westus2/Accounts", by_user),
        ("/Auth/westus2/Accounts?generateAccessTokens=true", key),
    ):
        listed = api.get(path, headers=headers)
        assert [account["id"] for account in listed.json()] == [api.account.account_id]
        assert theirs.account.account_id not in listed.text
    assert theirs.account.account_id not in api.context.tokens.read(user_token).account_ids


def test_same_file_in_two_accounts_is_no_duplicate(api: ApiInProcess, theirs: Theirs) -> None:
    answer = api.call("POST", "/Videos?name=x&preventDuplicates=true", files={"f": ("a.mp4", b"a video")})
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] != theirs.video.video_id
