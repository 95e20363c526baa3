import pytest
from fastapi import APIRouter, Request

from efface.api.settings import Rate
from tests.fakes.api_in_process import HOST, ApiInProcess


def echo() -> APIRouter:
    router = APIRouter()

    @router.get("/{location}/Accounts/{accountId}/Echo")
    def answer(request: Request) -> dict[str, object]:
        return {"path": request.url.path, "query": request.query_params.multi_items(), **request.path_params}

    return router


def test_url_is_understood_in_any_case_and_values_are_untouched(api: ApiInProcess) -> None:
    api.serve(echo())
    found = api.get(
        f"{HOST}//Mars//ACCOUNTS/AbC/echo/?NAME=A+B&callbackurl=https%3A%2F%2Fx%2F%3FA%3Db&Own=1"
    ).json()
    assert found == {
        "path": "/Mars/Accounts/AbC/Echo",
        "query": [["name", "A B"], ["callbackUrl", "https://x/?A=b"], ["Own", "1"]],
        "location": "Mars",
        "accountId": "AbC",
    }


@pytest.mark.parametrize(
    ("url", "status"),
    [
        (f"/healthz?a={'x' * 4094}", 200),
        (f"/healthz?a={'x' * 4095}", 414),
        (f"/{'x' * 6143}", 404),
        (f"/{'x' * 6144}", 414),
        (f"/{'x' * 3000}?{'y' * 3144}", 414),
    ],
)
def test_url_that_is_too_long_is_refused(api: ApiInProcess, url: str, status: int) -> None:
    answer = api.get(url)
    assert answer.status_code == status
    if status == 414:
        assert answer.json()["ErrorType"] == "URI_TOO_LONG"


@pytest.mark.parametrize("url", ["/a%00b", "/healthz?name=a%00b"])
def test_url_with_nul_is_refused_before_a_database_meets_it(api: ApiInProcess, url: str) -> None:
    answer = api.get(url)
    assert (answer.status_code, answer.json()["ErrorType"]) == (400, "INVALID_INPUT")


def test_address_is_refused_after_ten_requests_in_a_second(api: ApiInProcess) -> None:
    api.serve(api_rate=Rate(10, 120))
    answers = [api.get("/nowhere") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [404] * 10 + [429]
    assert answers[-1].json() == {
        "statusCode": 429,
        "message": "Rate limit is exceeded. Try again in 1 seconds.",
    }
    assert answers[-1].headers["retry-after"] == "1"
    assert answers[-1].headers["x-ms-request-id"]
    assert api.get("/nowhere", peer="203.0.113.10").status_code == 404
    api.ticks.seconds += 1
    assert api.get("/nowhere").status_code == 404


def test_address_behind_a_trusted_proxy_is_the_clients(api: ApiInProcess) -> None:
    api.serve(api_rate=Rate(1, 0), trusted_proxies=("10.0.0.1",))

    def ask(client: str, peer: str = "10.0.0.1") -> int:
        return api.get("/nowhere", peer=peer, headers={"X-Forwarded-For": client}).status_code

    assert [ask("1.1.1.1"), ask("1.1.1.1"), ask("2.2.2.2")] == [404, 429, 404]
    assert [ask("3.3.3.3", "10.0.0.2"), ask("4.4.4.4", "10.0.0.2")] == [404, 429]


def test_files_health_and_the_pages_reads_have_a_limit_of_their_own(api: ApiInProcess) -> None:
    api.serve(api_rate=Rate(1, 0), light_rate=Rate(4, 0))
    assert [api.get("/nowhere").status_code for _ in range(2)] == [404, 429]
    answers = [
        api.get("/healthz"),
        api.get("/files/x/y"),
        api.get("/nowhere", headers={"X-Efface-Web": "1"}),
        api.get("/metrics"),
        api.get("/healthz"),
    ]
    assert [answer.status_code for answer in answers] == [200, 403, 404, 200, 429]


@pytest.mark.parametrize(
    ("method", "path", "is_light"),
    [
        ("PUT", "/Videos/0123456789/Edits", True),
        ("POST", "/Videos/0123456789/Preview", True),
        ("GET", "/Videos", True),
        ("POST", "/Videos", False),
        ("POST", "/videos/0123456789/REDACT/", False),
        ("PUT", "/Videos/0123456789/ReIndex", False),
    ],
)
def test_page_may_ask_often_but_for_work_as_often_as_anybody(
    api: ApiInProcess, method: str, path: str, is_light: bool
) -> None:
    api.serve(api_rate=Rate(1, 0), light_rate=Rate(4, 0))
    mark = {"X-Efface-Web": "1"}
    statuses = [api.ask(method, f"{api.path}{path}", headers=mark).status_code for _ in range(2)]
    assert (statuses[1] != 429) is is_light
