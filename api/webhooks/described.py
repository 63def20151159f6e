"""What is a receiver of webhooks told, for the OpenAPI document?

Made from `schemas.events.WEBHOOK_EVENTS`: what is told and what is written here cannot part.
"""

from typing import Any, Final

from pydantic import TypeAdapter

from api.webhooks.examples import TOLD
from schemas.events import WEBHOOK_EVENTS

_REF: Final = "#/components/schemas/{model}"
_TIME: Final = {"type": "string", "format": "date-time"}
_HEADERS: Final = {
    "webhook-id": "The same at each attempt: whoever has seen it has seen the event.",
    "webhook-timestamp": "When this attempt was made, seconds since 1970.",
    "webhook-signature": "`v1,<base64>` of id.timestamp.body by HMAC-SHA256; two while a secret is "
    "rotated. standardwebhooks.com has libraries that check it.",
}


def describe_webhooks(document: dict[str, Any]) -> None:
    """Add what receivers are told to an OpenAPI document."""
    schemas = document["components"]["schemas"]
    for kind in sorted(set(WEBHOOK_EVENTS.values()), key=lambda kind: kind.__name__):
        schema = TypeAdapter(kind).json_schema(ref_template=_REF)
        schemas |= schema.pop("$defs", {})
        schemas[kind.__name__] = schema
    document["webhooks"] = {
        type_: {"post": _operation(type_, kind)} for type_, kind in WEBHOOK_EVENTS.items()
    }


def _operation(type_: str, kind: type) -> dict[str, Any]:
    said = (kind.__doc__ or "").strip()
    return {
        "tags": ["webhooks"],
        "summary": type_,
        "description": said,
        "operationId": "webhook_" + type_.removeprefix("frostline.").replace(".", "_"),
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "schema": {"type": "string"},
                "description": meaning,
            }
            for name, meaning in _HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": _message(type_, kind), **_example(type_, kind)}
            },
        },
        "responses": {
            "2XX": {"description": "Taken."},
            "410": {"description": "Tell this endpoint nothing any more."},
        },
    }


def _message(type_: str, kind: type) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["type", "timestamp", "sequence", "data"],
        "properties": {
            "type": {"const": type_},
            "timestamp": _TIME,
            "sequence": {
                "type": "integer",
                "description": "Counts an endpoint's messages, in the order of what happened.",
            },
            "truncated": {
                "const": True,
                "description": "Of a body beyond 20 kB only the ids are told: ask the API.",
            },
            "data": {"$ref": _REF.format(model=kind.__name__)},
        },
    }


def _example(type_: str, kind: type) -> dict[str, Any]:
    return {
        "example": {
            "type": type_,
            "timestamp": "2026-11-21T03:10:04.000Z",
            "sequence": 31,
            "data": TOLD[kind],
        }
    }
