"""Jobs: how far they are, and where their result is. Listing and cancelling are extensions of efface."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from efface.api.access import AccountContributor, AccountReader
from efface.api.context import CurrentServices
from efface.api.errors import error_responses
from efface.api.urls import CurrentUrls
from efface.api.wire.job import FailedJobStatus, JobStatus, job_item, job_status
from efface.api.wire.paging import JobList, next_page
from efface.api.wire.parameters import PageSize, QueryShape, Skip
from efface.api.wire.shape import json_answer
from efface.domain.service import JobState
from efface.usecases.changes import cancel_job

router = APIRouter(prefix="/{location}/Accounts/{accountId}/Jobs", tags=["jobs"])

_DONE: dict[int | str, dict[str, Any]] = {
    303: {"description": "Done: Location is the new video's DownloadUrl.", "model": JobStatus}
}
JobPath = Annotated[str, Path(alias="jobId", description="Id of the job.")]


class JobsQuery(QueryShape):
    """Which jobs are listed."""

    page_size: PageSize = 25
    skip: Skip = 0


@router.get("", response_model=JobList, responses=error_responses(400))
def list_jobs(
    caller: AccountReader, services: CurrentServices, query: Annotated[JobsQuery, Query()]
) -> Response:
    """Jobs of the account, newest first. Not offered by Azure."""
    jobs, total = services.catalogue.list_jobs(
        caller.account.account_id, skip=query.skip, limit=query.page_size
    )
    page = next_page(query.page_size, query.skip, total)
    return json_answer(JobList(results=tuple(job_item(job) for job in jobs), next_page=page))


@router.get(
    "/{jobId}",
    response_model=FailedJobStatus | JobStatus,
    responses=_DONE | error_responses(404),
)
def get_job(caller: AccountReader, job_id: JobPath, services: CurrentServices, urls: CurrentUrls) -> Response:
    """How far a job is; once it is done, where its result is, for as long as the job is known."""
    job = services.catalogue.job(caller.account.account_id, job_id.lower())
    if job.state is not JobState.SUCCEEDED:
        return json_answer(job_status(job))
    location = urls.download_url(job.account_id, job.shown_video_id)
    return json_answer(job_status(job), 303, headers={"Location": location})


@router.delete("/{jobId}", status_code=204, responses=error_responses(404))
def cancel(caller: AccountContributor, job_id: JobPath, services: CurrentServices) -> Response:
    """Stop a job; the video that it was making becomes failed. Not offered by Azure."""
    cancel_job(services, caller.account.account_id, job_id.lower())
    return Response(status_code=204)
