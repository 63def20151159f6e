"""What does the OpenAPI document say beyond what the code's signatures say?

The problem's schema, what webhooks' receivers are told, the refusals that may meet any request with
a token, and examples with their nulls, which FastAPI leaves out.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from api.errors import Problem, problems
from api.refusals import DatabaseAway, NoToken, ScopeMissing
from api.webhooks.described import describe_webhooks

_REF: Final = "#/components/schemas/{model}"


def complete(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Let the application describe itself completely."""
    make = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = make()
            _declare_problems(document["components"]["schemas"])
            describe_webhooks(document)
            for route, operation in _operations(document, routers):
                _restore_examples(route, operation)
                if "security" in operation:
                    common = problems(NoToken, ScopeMissing, DatabaseAway, malformed=False)
                    operation["responses"] |= {str(k): v for k, v in common.items()}
            app.openapi_schema = document
        return app.openapi_schema

    # FastAPI's own way to change its document is to replace this method.
    app.openapi = described  # type: ignore[method-assign]


def _declare_problems(schemas: dict[str, Any]) -> None:
    problem = Problem.model_json_schema(ref_template=_REF)
    schemas["Fault"] = problem.pop("$defs")["Fault"]
    schemas["Problem"] = problem
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)


def _operations(
    document: dict[str, Any], routers: Sequence[APIRouter]
) -> Iterator[tuple[APIRoute, dict[str, Any]]]:
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                for method in route.methods or ():
                    yield route, document["paths"][route.path][method.lower()]


def _restore_examples(route: APIRoute, operation: dict[str, Any]) -> None:
    for status, declared in route.responses.items():
        for media_type, content in declared.get("content", {}).items():
            for kind in ("example", "examples"):
                if kind in content:
                    answer = operation["responses"][str(status)]["content"][media_type]
                    answer[kind] = content[kind]
