"""Malformed requests get a clear problem each, and the process lives."""

from typing import Any

import pytest

from tests.api_world import T0, World, iso

ORDER = {
    "order_id": "order-2",
    "member_id": "m-1",
    "member_level": "gold",
    "placed_at": iso(T0),
    "consignments": [{"zone": "chilled"}],
}
BINDING = {
    "logger_id": "C4:A5:E3:00:00:01",
    "consignment_id": "order-1.chilled",
    "from_at": iso(T0),
}
KEY = {"Idempotency-Key": "key-1"}


@pytest.fixture(scope="module")
def world(shared_world: World) -> World:
    """Lend the shared api, with one order in it: whatever is refused here leaves no trace."""
    shared_world.order()
    return shared_world


def problem_of(world: World, method: str, path: str, **request: Any) -> dict[str, Any]:
    answer = world.client.request(method, path, **request)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["type"].startswith("urn:frostline:problem:")
    assert world.client.get("/healthz").status_code == 200
    return problem


@pytest.mark.parametrize(
    ("changes", "where", "says"),
    [
        ({"order_id": "a/b"}, "body.order_id", "letters, digits"),
        ({"order_id": ""}, "body.order_id", "letters, digits"),
        ({"order_id": "x" * 64}, "body.order_id", "1 to 63"),
        ({"member_id": "m\u0000"}, "body.member_id", "printable"),
        ({"member_id": " "}, "body.member_id", "at least 1"),
        ({"placed_at": "2026-11-21T10:00:00"}, "body.placed_at", "has no time zone"),
        ({"placed_at": "yesterday"}, "body.placed_at", "valid datetime"),
        ({"placed_at": 1795226400}, "body.placed_at", "a time with its zone"),
        ({"placed_at": "1795226400"}, "body.placed_at", "a time with its zone"),
        ({"placed_at": "1999-01-01T00:00:00Z"}, "body.placed_at", "between 2010 and 2100"),
        ({"placed_at": "0001-01-01T00:00:00+14:00"}, "body.placed_at", "between 2010 and 2100"),
        ({"placed_at": "2026-02-30T00:00:00Z"}, "body.placed_at", "valid datetime"),
        ({"time_zone": "China/Shanghai"}, "body.time_zone", "IANA"),
        ({"time_zone": "../../etc/passwd"}, "body.time_zone", "IANA"),
        ({"consignments": []}, "body.consignments", "at least 1"),
        ({"consignments": [{"zone": "tepid"}]}, "body.consignments[0].zone", "'chilled'"),
        ({"consignments": [{"zone": "chilled"}] * 21}, "body.consignments", "at most 20"),
        ({"colour": "blue"}, "body.colour", "not permitted"),
    ],
)
def test_a_malformed_order_is_told_where_and_what(
    world: World, changes: dict[str, Any], where: str, says: str
) -> None:
    problem = problem_of(world, "POST", "/orders", json=ORDER | changes, headers=KEY)
    assert problem["status"] == 422
    (fault,) = problem["errors"]
    assert fault["where"] == where
    assert says in fault["what"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"[1, 2]",
        b"null",
        b"\xff\xfe{}",
        b"[" * 50_000,
        b'{"order_id": 1e999}',
        b'{"order_id": "\\ud800"}',
    ],
)
def test_a_body_that_is_no_order_is_refused(world: World, body: bytes) -> None:
    headers = KEY | {"Content-Type": "application/json"}
    problem_of(world, "POST", "/orders", content=body, headers=headers)


def test_a_body_beyond_the_limit_is_refused(world: World) -> None:
    headers = KEY | {"Content-Type": "application/json"}
    body = b'"' + b"x" * world.settings.max_body_bytes + b'"'
    problem = problem_of(world, "POST", "/orders", content=body, headers=headers)
    assert problem["status"] == 413


def test_an_order_without_a_key_is_told_so(world: World) -> None:
    problem = problem_of(world, "POST", "/orders", json=ORDER)
    assert problem["errors"][0]["where"] == "header.Idempotency-Key"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"logger_id": "C4:A5:E3:00:00"}, "Bluetooth address"),
        ({"place_id": "van-1"}, "either consignment_id or place_id"),
        ({"consignment_id": None}, "either consignment_id or place_id"),
        ({"takeover": "perhaps"}, "valid boolean"),
        ({"until_at": "2026-11-21T03:00:00"}, "has no time zone"),
    ],
)
def test_a_malformed_binding_is_told_what_to_change(
    world: World, changes: dict[str, Any], says: str
) -> None:
    problem = problem_of(world, "POST", "/bindings", json=BINDING | changes)
    assert problem["status"] == 422
    assert says in problem["detail"]


def test_a_binding_that_ends_before_it_begins_is_refused(world: World) -> None:
    body = BINDING | {"until_at": iso(T0)}
    assert problem_of(world, "POST", "/bindings", json=body)["status"] == 409


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("points=-5", 422),
        ("points=0", 422),
        ("points=9", 422),
        ("points=100001", 422),
        ("points=99999999999999999999999", 422),
        ("points=many", 422),
        ("raw=perhaps", 422),
        ("raw=true&points=100", 400),
        ("from=now", 422),
        ("from=2026-11-21T10:00:00", 422),
        ("from=2026-11-21T03:00:00Z&to=2026-11-21T02:00:00Z", 400),
        ("consignment_id=a%20b", 422),
        ("lang=xx", 422),
    ],
)
def test_a_malformed_question_for_a_curve_is_refused(world: World, query: str, status: int) -> None:
    assert problem_of(world, "GET", f"/orders/order-1/curve?{query}")["status"] == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/orders/order-1/curve.png", 422),
        ("GET", "/orders/a%2Fb", 404),
        ("GET", "/orders/a%00b", 422),
        ("GET", "/orders/%F0%9F%A7%8A", 422),
        ("GET", "/loggers/nonsense", 422),
        ("GET", "/orders?limit=0", 422),
        ("GET", "/orders?limit=1001", 422),
        ("GET", "/orders?after=%00", 422),
        ("PUT", "/orders/order-1/milestones/placed", 422),
        ("POST", "/bindings/0/end", 422),
        ("POST", "/bindings/99999999999999999999/end", 422),
        ("GET", "/nowhere", 404),
        ("DELETE", "/orders", 405),
        ("GET", "/orders/order-404", 404),
        ("GET", "/orders/order-404/curve", 404),
        ("GET", "/orders/order-404/live", 404),
        ("GET", "/orders/order-404/live?after=now", 400),
        ("GET", "/places/nowhere", 404),
    ],
)
def test_a_malformed_or_strange_path_is_a_problem(
    world: World, method: str, path: str, status: int
) -> None:
    body = None if method in {"GET", "DELETE"} else {"at": iso(T0), "why": "x"}
    assert problem_of(world, method, path, json=body)["status"] == status


def test_a_format_that_nobody_offers_is_refused_with_those_that_are(world: World) -> None:
    headers = {"Accept": "application/pdf"}
    problem = problem_of(world, "GET", "/orders/order-1/curve", headers=headers)
    assert problem["status"] == 406
    assert "image/svg+xml" in problem["detail"]
