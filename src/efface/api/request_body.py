"""Bodies that are read whole."""

from fastapi import Request

from efface.api.errors import ApiError, ErrorType


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The body of a request.

    Raises:
        ApiError: 400, it is larger than ``max_bytes``; nothing beyond that is read.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise ApiError(400, ErrorType.INVALID_INPUT, f"The body is larger than {max_bytes} bytes.")
    return bytes(body)
