"""For those who run the service: is it alive, is it ready, how is it doing."""

from collections.abc import Callable
from typing import Any

import structlog
from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from efface.api.context import CurrentContext
from efface.api.errors import error_responses
from efface.domain.errors import ServiceUnavailableError

router = APIRouter(tags=["operations"])

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PROBE = "readyz/probe"
"""A key that nobody writes; asking for it reaches the store."""
_UNREADY: dict[int | str, dict[str, Any]] = {503: {"description": "Something does not answer, and what."}}


@router.get("/healthz", responses=error_responses())
async def healthz() -> dict[str, str]:
    """Whether the process lives."""
    return {"status": "alive"}


@router.get("/readyz", responses=_UNREADY | error_responses())
def readyz(context: CurrentContext) -> Response:
    """Whether requests can be served: database and store answer, and a worker lives."""
    services = context.services
    checks: dict[str, Callable[[], object]] = {
        "catalogue": services.catalogue.ping,
        "objects": lambda: services.objects.has(_PROBE),
        "workers": lambda: _require_worker(context),
    }
    found = {}
    for name, check in checks.items():
        try:
            check()
            found[name] = "ok"
        except ServiceUnavailableError as error:
            structlog.get_logger(__name__).warning("not ready", part=name, reason=str(error))
            found[name] = "unavailable"
    is_ready = set(found.values()) == {"ok"}
    return JSONResponse({"status": "ready" if is_ready else "unready", **found}, 200 if is_ready else 503)


def _require_worker(context: CurrentContext) -> None:
    if context.services.catalogue.living_workers(context.settings.worker_silence_s) == 0:
        raise ServiceUnavailableError("no worker lives: start one with `efface worker`")


@router.get("/metrics", responses=error_responses(), response_class=Response)
def metrics(context: CurrentContext) -> Response:
    """Figures for Prometheus."""
    return Response(context.metrics.exposition(), media_type=_METRICS_TYPE)
