import re
from dataclasses import replace

import pytest

from tests.fakes.api_in_process import ApiInProcess
from tests.storage.records import index_job, video


def figure(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, f"{name} is not in\n{text}"
    return float(found.group(1))


def test_health_tells_that_the_process_lives_whatever_else_is_down(api: ApiInProcess) -> None:
    api.objects.is_down = True
    assert api.get("/healthz").json() == {"status": "alive"}


def test_readiness_needs_database_store_and_a_living_worker(api: ApiInProcess) -> None:
    answer = api.get("/readyz")
    assert (answer.status_code, answer.json()["workers"]) == (503, "unavailable")
    api.catalogue.beat("worker-1")
    answer = api.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ready", "catalogue": "ok", "objects": "ok", "workers": "ok"},
    )
    api.objects.is_down = True
    answer = api.get("/readyz")
    assert (answer.status_code, answer.json()["objects"]) == (503, "unavailable")


def test_metrics_tell_of_jobs_workers_and_the_queue(api: ApiInProcess) -> None:
    record = replace(video(), account_id=api.account.account_id)
    job = replace(index_job(record), account_id=record.account_id)
    api.catalogue.add_video(record, job)
    api.catalogue.begin_job(job.job_id)
    api.catalogue.set_segments(job.job_id, [100])
    api.catalogue.report_segment(job.job_id, 0, 50, 2.5)
    other = replace(video(2), account_id=api.account.account_id)
    waiting = replace(index_job(other, 2), account_id=other.account_id)
    api.catalogue.add_video(other, waiting)
    api.catalogue.beat("worker-1")
    api.clock.time = waiting.created
    api.clock.move(90)
    text = api.get("/metrics").text
    assert figure(text, 'efface_jobs{kind="Index",state="Running"}') == 1
    assert figure(text, 'efface_jobs{kind="Index",state="Queued"}') == 1
    assert figure(text, 'efface_frames_total{kind="Index"}') == 50
    assert figure(text, 'efface_work_seconds_total{kind="Index"}') == 2.5
    assert figure(text, "efface_queue_age_seconds") == 90
    assert figure(text, "efface_workers") == 1


def test_metrics_count_requests_by_template_and_never_by_what_clients_invent(api: ApiInProcess) -> None:
    for path in ("/healthz", "/HEALTHZ", "/nowhere", "/elsewhere"):
        api.get(path)
    api.get(f"/Auth{api.path}/AccessToken")
    api.ask("BREW", "/healthz")
    text = api.get("/metrics").text
    assert figure(text, 'efface_http_requests_total{method="GET",route="/healthz",status="200"}') == 2
    assert figure(text, 'efface_http_requests_total{method="GET",route="other",status="404"}') == 2
    assert figure(text, 'efface_http_requests_total{method="other",route="/healthz",status="405"}') == 1
    assert 'route="/Auth/{location}/Accounts/{accountId}/AccessToken",status="401"' in text
    assert api.account.account_id not in text
    assert figure(text, 'efface_http_request_seconds_count{method="GET",route="/healthz"}') == 2


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
def test_operations_need_no_token(api: ApiInProcess, path: str) -> None:
    assert api.get(path).status_code in {200, 503}
