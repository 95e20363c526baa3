"""The description of the API as it is served, in OpenAPI 3.0, which Swagger UI 4 and generators of clients read."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

import efface
from efface.api.access import NO_SECURITY

_VERSION = "3.0.3"


def describe(app: FastAPI) -> dict[str, Any]:
    """The description of an application's routes."""
    described = get_openapi(
        title="efface",
        version=efface.__version__,
        description="Finds the faces in videos and hides them. Speaks Azure Video Indexer's redaction API.",
        routes=app.routes,
    )
    _drop_unprocessable(described)
    _say_where_no_token_is_needed(described)
    described["openapi"] = _VERSION
    converted: dict[str, Any] = _as_openapi_30(described)
    return converted


def _drop_unprocessable(described: dict[str, Any]) -> None:
    """422 is never sent: what FastAPI would answer with it is 400 here."""
    for operations in described.get("paths", {}).values():
        for operation in operations.values():
            operation.get("responses", {}).pop("422", None)
    schemas = described.get("components", {}).get("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)


def _say_where_no_token_is_needed(described: dict[str, Any]) -> None:
    """OpenAPI says it with an alternative that asks for nothing, which FastAPI has no word for."""
    described.get("components", {}).get("securitySchemes", {}).pop(NO_SECURITY, None)
    for operations in described.get("paths", {}).values():
        for operation in operations.values():
            if {NO_SECURITY: []} in operation.get("security", []):
                named = [item for item in operation["security"] if NO_SECURITY not in item]
                operation["security"] = [*named, {}]


def _as_openapi_30(node: Any) -> Any:
    """Rewrite what JSON Schema 2020-12 says otherwise than OpenAPI 3.0."""
    if isinstance(node, list):
        return [_as_openapi_30(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {name: _as_openapi_30(value) for name, value in node.items()}
    alternatives = node.get("anyOf")
    if isinstance(alternatives, list) and {"type": "null"} in alternatives:
        _make_nullable(node, [item for item in alternatives if item != {"type": "null"}])
    if isinstance(node.get("exclusiveMinimum"), int | float) and not isinstance(
        node["exclusiveMinimum"], bool
    ):
        node.update(minimum=node["exclusiveMinimum"], exclusiveMinimum=True)
    if isinstance(node.get("exclusiveMaximum"), int | float) and not isinstance(
        node["exclusiveMaximum"], bool
    ):
        node.update(maximum=node["exclusiveMaximum"], exclusiveMaximum=True)
    if "const" in node and "type" in node:
        node["enum"] = [node.pop("const")]
    if "contentMediaType" in node and node.get("type") == "string":
        del node["contentMediaType"]
        node["format"] = "binary"
    if isinstance(node.get("examples"), list) and "schema" not in node:
        examples = node.pop("examples")
        if examples:
            node["example"] = examples[0]
    return node


def _make_nullable(node: dict[str, Any], rest: list[Any]) -> None:
    del node["anyOf"]
    if len(rest) != 1:
        node.update(anyOf=rest, nullable=True)
    elif "$ref" in rest[0]:
        # A reference takes no neighbours in 3.0.
        node.update(allOf=rest, nullable=True)
    else:
        node.update({**rest[0], **node}, nullable=True)
