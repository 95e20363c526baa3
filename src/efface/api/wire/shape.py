"""What all shapes share: camelCase on the wire, bodies written without a detour."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from starlette.responses import Response

NO_GUID = "00000000-0000-0000-0000-000000000000"
"""What Azure writes where there is no model or picture."""


class WireShape(BaseModel):
    """A JSON object of the API."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


def json_answer(
    shape: WireShape,
    status: int = 200,
    *,
    headers: dict[str, str] | None = None,
    leaving_out: Any = None,
) -> Response:
    """An answer with a shape as its body. Nothing is checked twice, so that large indexes are quick.

    Args:
        shape: the body.
        status: of the answer.
        headers: beside the content type.
        leaving_out: fields to leave out, in Pydantic's form for ``exclude``.
    """
    body = shape.model_dump_json(by_alias=True, exclude=leaving_out)
    return Response(body, status, headers, media_type="application/json")
