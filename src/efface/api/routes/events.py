"""What changes of videos and jobs, as it happens. Not offered by Azure."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import StreamingResponse

from efface.api.access import AccountReader
from efface.api.context import CurrentContext
from efface.api.errors import error_responses

router = APIRouter(prefix="/{location}/Accounts/{accountId}/Events", tags=["jobs"])

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A stream of server-sent events that ends when the server does, or after the life of a token.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


@router.get("", responses=_STREAM | error_responses(), response_class=StreamingResponse)
async def events(caller: AccountReader, context: CurrentContext) -> StreamingResponse:
    """Events `video` and `job`: all that is under way, then each change within two seconds."""
    account_id = caller.account.account_id
    context.events.refuse_crowd(account_id)
    # The second header has nginx hand on each event at once.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        context.events.listen(account_id), media_type="text/event-stream", headers=headers
    )
