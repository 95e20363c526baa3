import json
import re

from fastapi import APIRouter

from efface.api.access import VideoReader
from tests.fakes.api_in_process import HOST, ApiInProcess


def test_docs_page_loads_everything_from_the_service_itself(api: ApiInProcess) -> None:
    page = api.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) == 4
    for link in links:
        answer = api.get(f"{HOST}/{link}")
        assert (answer.status_code, len(answer.content) > 50) == (200, True), link
    assert "//" not in page.text.replace("<!doctype", "")
    assert re.search(r"<script(?![^>]*src=)", page.text) is None
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe-inline" not in page.headers["content-security-policy"].partition("style-src")[0]


def test_docs_serve_no_other_file(api: ApiInProcess) -> None:
    for name in ("..%2F__init__.py", "index.html", "swagger-ui.js.map", "%2e%2e"):
        assert api.get(f"/docs/{name}").status_code == 404


def test_description_is_openapi_30_throughout(api: ApiInProcess) -> None:
    described = api.get("/openapi.json").json()
    assert described["openapi"] == "3.0.3"
    text = json.dumps(described)
    assert '{"type": "null"}' not in text
    assert '"const"' not in text
    assert "HTTPValidationError" not in text


def test_description_names_refusals_and_what_opens_an_operation(api: ApiInProcess) -> None:
    described = api.get("/openapi.json").json()
    operation = described["paths"]["/Auth/{location}/Accounts/{accountId}/AccessToken"]["get"]
    assert {"200", "400", "401", "404", "414", "429", "500", "504"} <= operation["responses"].keys()
    assert "422" not in operation["responses"]
    assert {"accountId", "location", "allowEdit"} <= {item["name"] for item in operation["parameters"]}
    assert operation["security"] == [{"subscriptionKey": []}, {"subscriptionKeyQuery": []}]
    for path, operations in described["paths"].items():
        named = set(re.findall(r"{(\w+)}", path))
        for method, found in operations.items():
            given = {item["name"] for item in found.get("parameters", []) if item["in"] == "path"}
            assert named == given, f"{method} {path}"


def test_description_says_where_no_token_is_needed(api: ApiInProcess) -> None:
    router = APIRouter()

    @router.get("/{location}/Accounts/{accountId}/Videos/{videoId}/probe")
    def probe(access: VideoReader) -> None: ...

    api.serve(router)
    described = api.get("/openapi.json").json()
    found = described["paths"]["/{location}/Accounts/{accountId}/Videos/{videoId}/probe"]["get"]
    assert found["security"] == [{"accessToken": []}, {"bearer": []}, {}]
    assert "none" not in described["components"]["securitySchemes"]
