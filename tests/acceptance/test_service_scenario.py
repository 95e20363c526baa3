"""The article's walk, from token to download, against a real server process; each header and body is looked at."""

import json
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import jwt
import pytest

from tests import live_service
from tests.live_service import Caller, LiveService

pytestmark = [pytest.mark.weights, pytest.mark.slow]

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
JOB_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")
VIDEO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}\+00:00")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    with live_service.running(
        tmp_path_factory.mktemp("service") / "data", settings=live_service.UNLIMITED
    ) as running:
        yield running


@pytest.fixture
def caller(service: LiveService) -> Iterator[Caller]:
    with service.caller() as found:
        yield found


def assert_request_id(answer: httpx.Response) -> None:
    assert GUID.fullmatch(answer.headers["x-ms-request-id"])


def test_token_is_a_bare_json_string_that_decodes_and_ends_in_an_hour(service: LiveService) -> None:
    with service.client() as client:
        answer = client.get(
            f"/auth/{service.location.upper()}/accounts/{service.account_id.upper()}/accesstoken?allowEdit=True",
            headers={"Ocp-Apim-Subscription-Key": service.key, "x-ms-client-request-id": "client-7"},
        )
    assert answer.status_code == 200
    assert_request_id(answer)
    assert answer.headers["x-ms-client-request-id"] == "client-7"
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.text == f'"{answer.text[1:-1]}"'
    claims = jwt.decode(answer.text[1:-1], options={"verify_signature": False})
    assert (claims["permission"], claims["scope"], claims["exp"] - claims["iat"]) == (
        "Contributor",
        "Account",
        3600,
    )


def test_wrong_key_opens_nothing(service: LiveService) -> None:
    with service.client(headers={"Ocp-Apim-Subscription-Key": "0" * 64}) as client:
        answer = client.get(f"/Auth{service.account_path}/AccessToken")
    assert answer.status_code == 401
    assert_request_id(answer)


def test_walk_of_the_article_on_a_real_clip(
    service: LiveService, caller: Caller, shared: Path, leakbench: ModuleType, tmp_path: Path
) -> None:
    clip = shared / "media" / "faces_video" / "hamilton_whitehouse_4shots.mp4"
    before = clip.read_bytes()
    video_id = upload_and_check(service, caller, clip)
    index = caller.wait_for_index(video_id)
    check_index(service, index, video_id)
    face_ids = faces_of_the_artifact(service, caller, video_id)
    assert face_ids
    assert {face["id"] for face in index["videos"][0]["insights"]["faces"]} == face_ids

    new_id, redacted = redact_and_check(service, caller, video_id, tmp_path)

    labels = json.loads((shared / "leakbench" / "labels" / f"{clip.stem}.json").read_text())
    score, _ = leakbench.score_clip(labels, clip, redacted)
    assert (score.faces, score.partial, score.bare) == (24, 0, 0)
    assert score.frame_count_original == score.frame_count_redacted
    assert clip.read_bytes() == before
    original = caller.download(
        f"{service.account_path}/Videos/{video_id}/SourceFile/DownloadUrl", tmp_path / "back.mp4"
    )
    assert original.read_bytes() == before
    delete_and_check(service, caller, video_id, new_id)


def upload_and_check(service: LiveService, caller: Caller, clip: Path) -> str:
    with clip.open("rb") as file:
        answer = caller.http.post(
            f"{service.account_path}/Videos?name=White House&privacy=private&externalId=wh-1",
            files={"video": file},
        )
    assert answer.status_code == 200
    assert_request_id(answer)
    video = answer.json()
    assert re.fullmatch(r"[0-9a-f]{10}", video["id"])
    assert video["accountId"] == service.account_id
    assert (video["name"], video["externalId"], video["privacyMode"]) == ("White House", "wh-1", "Private")
    assert video["state"] in {"Uploaded", "Processing"}
    assert VIDEO_TIME.fullmatch(video["created"])
    # At once, not after a while: clients poll the index right after the upload.
    assert caller.index(video["id"])["state"] in {"Uploaded", "Processing"}
    early = caller.http.post(
        f"{service.account_path}/Videos/{video['id']}/redact?name=early", json={"faces": {"blurringKind": 1}}
    )
    assert early.status_code == 409
    assert set(early.json()) == {"ErrorType", "Message"}
    return str(video["id"])


def check_index(service: LiveService, index: dict[str, Any], video_id: str) -> None:
    assert (index["id"], index["accountId"], index["state"]) == (video_id, service.account_id, "Processed")
    (video,) = index["videos"]
    assert (video["processingProgress"], video["failureCode"]) == ("100%", "None")
    insights = video["insights"]
    assert len(insights["shots"]) == 4
    assert insights["transcript"] == []
    for face in insights["faces"]:
        assert face["instances"]
        assert face["thumbnails"]
    assert index["summarizedInsights"]["faces"]


def faces_of_the_artifact(service: LiveService, caller: Caller, video_id: str) -> set[int]:
    answer = caller.http.get(f"{service.account_path}/Videos/{video_id}/ArtifactUrl?type=Faces")
    assert answer.status_code == 200
    with service.client() as anonymous:
        artifact = anonymous.get(answer.json())
    assert artifact.status_code == 200
    groups = artifact.json()["groups"]
    return {entry["id"] for group in groups for entry in group}


def redact_and_check(service: LiveService, caller: Caller, video_id: str, folder: Path) -> tuple[str, Path]:
    answer = caller.http.post(
        f"{service.account_path}/Videos/{video_id}/redact",
        params={
            "priority": "Low",
            "name": "test redaction",
            "privacy": "Private",
            "streamingPreset": "Default",
        },
        content='{"faces": {"blurringKind": "Black",}}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 202
    assert_request_id(answer)
    job_url = answer.headers["Location"]
    assert re.fullmatch(rf"{re.escape(service.url + service.account_path)}/Jobs/{GUID.pattern}", job_url)
    check_running_job(answer.json())
    listed = caller.http.get(f"{service.account_path}/Videos").json()["results"]
    (new,) = [video for video in listed if video["name"] == "test redaction"]
    follow_job(caller, job_url)
    for _ in range(2):  # the same answer for as long as the job is known
        done = caller.http.get(job_url)
        assert done.status_code == 303
        expected = f"{service.url}{service.account_path}/Videos/{new['id']}/SourceFile/DownloadUrl"
        assert done.headers["Location"] == expected
    return new["id"], download_and_check(caller, done.headers["Location"], folder)


def check_running_job(job: dict[str, Any]) -> None:
    assert set(job) == {"creationTime", "lastUpdateTime", "progress", "jobType", "state"}
    assert (job["jobType"], job["state"]) == ("Redaction", "Processing")
    assert isinstance(job["progress"], int)
    assert JOB_TIME.fullmatch(job["creationTime"])
    assert JOB_TIME.fullmatch(job["lastUpdateTime"])


def follow_job(caller: Caller, job_url: str) -> None:
    seen = [0]

    def look() -> bool | None:
        answer = caller.http.get(job_url)
        if answer.status_code == 303:
            return True
        assert answer.status_code == 200
        check_running_job(answer.json())
        seen.append(answer.json()["progress"])
        return None

    live_service.wait_until(look, 300, "redaction")
    assert seen == sorted(seen)


def download_and_check(caller: Caller, download_url: str, folder: Path) -> Path:
    answer = caller.http.get(download_url)
    assert answer.status_code == 200
    signed = answer.json()
    assert answer.text == json.dumps(signed)
    assert httpx.URL(signed).path.endswith("/test redaction")
    browser = caller.http.get(download_url, headers={"Accept": "text/html,*/*;q=0.8"})
    assert browser.status_code == 302
    target = folder / "redacted.mp4"
    with httpx.Client() as anonymous:
        whole = anonymous.get(signed)
        target.write_bytes(whole.content)
        head = anonymous.head(signed)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(whole.content))
        part = anonymous.get(signed, headers={"Range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, whole.content[100:200])
        assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
        assert anonymous.get(signed.replace("test%20redaction", "other")).status_code == 403
    assert whole.headers["content-type"] == "video/mp4"
    return target


def delete_and_check(service: LiveService, caller: Caller, video_id: str, new_id: str) -> None:
    answer = caller.http.delete(f"{service.account_path}/Videos/{video_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    gone = caller.http.get(f"{service.account_path}/Videos/{video_id}/Index")
    assert gone.status_code == 404
    assert gone.json() == {
        "ErrorType": "BREAKDOWN_NOT_FOUND",
        "Message": f"Video '{video_id}' was not found.",
    }
    # The redacted copy survives its original.
    left = caller.http.get(f"{service.account_path}/Videos/{new_id}/SourceFile/DownloadUrl")
    assert left.status_code == 200
    assert caller.http.delete(f"{service.account_path}/Videos/{new_id}").status_code == 204
    assert not [path for path in (service.data / "objects").rglob("*") if path.is_file()]


def test_upload_and_redact_in_one_call(
    service: LiveService, caller: Caller, sample_clip: Path, tmp_path: Path
) -> None:
    with sample_clip.open("rb") as file:
        answer = caller.http.post(
            f"{service.account_path}/Videos?name=one call",
            files={"file": file, "redact": (None, '{"faces": {"blurringKind": 4}}', "application/json")},
        )
    assert answer.status_code == 200
    told = answer.json()["redaction"]
    location = caller.wait_for_job(told["location"])
    assert told["videoId"] in location
    assert caller.download(location, tmp_path / "safe.mp4").stat().st_size > 1000


def test_account_and_key_survive_a_restart(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with live_service.running(data) as first:
        uuid.UUID(first.account_id)
        key = first.key
        assert len(key) == 64
    with live_service.running(data, key=key) as second:
        assert second.account_id == first.account_id
        assert second.token()
    assert live_service.stop(second) == 0
    assert (data / "keys.json").stat().st_mode & 0o777 == 0o600
    shutil.rmtree(data)
