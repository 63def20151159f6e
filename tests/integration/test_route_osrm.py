"""An OSRM server that speaks the documented form of its table service, over real HTTP.

It is a double of an outside server: osrm-routed itself runs nowhere here.
"""

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from routing.osrm import ServerFailed, fetch_table
from routing.problem import Place
from routing.travel import UNREACHABLE_S, notes_of
from routing.travel_sources import OsrmSource, ServerRule, open_travel

PATH = re.compile(r"/table/v1/(?P<profile>[^/]+)/(?P<points>[^/]+)")
ISLAND_LON = 9.0


class Table(BaseHTTPRequestHandler):
    """Answers with metres = 1,000 times the steps east and north, and 0.1 s a metre."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self):  # the name is the library's
        self.server.asked.append(self.path)
        status, body = self.server.answer(self.path)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        """Keep still."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Table)
        self.answer = answer
        self.asked = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def served(answer) -> Iterator[Server]:
    with Server(answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def tables(path: str, *, most: int = 100, moved_m: float = 0.0):
    """Answer a request as https://project-osrm.org/docs/v5.24.0/api/#table-service says."""
    parts = urlsplit(path)
    match = PATH.fullmatch(parts.path)
    assert match is not None
    points = [tuple(map(float, p.split(","))) for p in match["points"].split(";")]
    query = parse_qs(parts.query)
    chosen = {
        side: [points[int(k)] for k in query[side][0].split(";")]
        for side in ("sources", "destinations")
    }
    assert query["annotations"] == ["duration,distance"]
    if len(chosen["sources"]) * len(chosen["destinations"]) > most * most:
        return 400, b'{"code": "TooBig", "message": "Too many table coordinates"}'
    metres = [[way_m(a, b) for b in chosen["destinations"]] for a in chosen["sources"]]
    answer = {
        "code": "Ok",
        "distances": metres,
        "durations": [[None if m is None else round(m / 10, 1) for m in row] for row in metres],
        "sources": [
            {"location": p, "name": "", "distance": moved_m if p[0] < 0 else 1.5}
            for p in chosen["sources"]
        ],
        "destinations": [{"location": p, "name": ""} for p in chosen["destinations"]],
    }
    return 200, json.dumps(answer).encode()


def way_m(a, b):
    """Return metres, more of them to the east than to the west; none to or from the island."""
    if a != b and ISLAND_LON in (a[0], b[0]):
        return None
    east = b[0] - a[0]
    return round(1000 * (2 * east if east > 0 else -east) + 1000 * abs(b[1] - a[1]), 1)


def at(lon, lat=0.0):
    return Place(id=f"at{lon:g},{lat:g}", lat_deg=lat, lon_deg=lon)


def source(url, **fields):
    return OsrmSource(url=url, modes={"van": ServerRule()}, **fields)


def test_metres_and_seconds_are_the_server_s_seconds_rounded_up():
    with served(tables) as server:
        travel = open_travel(source(server.url), [at(0), at(1.0), at(1.0, 0.006)])
    # 2,000 m east are 200 s; west 1,000 m are 100 s; 6 m north are 0.6 s.
    assert travel.leg("van", 0, 1) == (2000, (200,))
    assert travel.leg("van", 1, 0) == (1000, (100,))
    assert travel.leg("van", 1, 2) == (6, (1,))
    assert notes_of(travel) == ()


def test_null_is_no_way():
    with served(tables) as server:
        travel = open_travel(source(server.url), [at(0), at(ISLAND_LON)])
    assert travel.leg("van", 0, 1) == (0, (UNREACHABLE_S,))
    assert travel.leg("van", 1, 0) == (0, (UNREACHABLE_S,))
    assert travel.leg("van", 1, 1) == (0, (0,))


@pytest.mark.parametrize(("places", "requests"), [(3, 1), (4, 4), (7, 9)])
def test_what_is_too_big_for_one_table_is_asked_in_parts(places, requests):
    every = [at(k / 10, k / 20) for k in range(places)]

    def small(path):
        return tables(path, most=3)

    with served(small) as server:
        in_parts = fetch_table(source(server.url, table_size=3), "driving", every)
    with served(tables) as whole_server:
        whole = fetch_table(source(whole_server.url), "driving", every)
    assert len(server.asked) == requests
    assert (in_parts.metres == whole.metres).all()
    assert (in_parts.seconds == whole.seconds).all()


def test_each_profile_is_asked_once_and_each_mode_has_its_slices():
    modes = {
        "van": ServerRule(profile="car", starts_s=(0, 28_800), factors=(1, 1.5)),
        "hired": ServerRule(profile="car"),
        "courier": ServerRule(profile="bike"),
    }
    with served(tables) as server:
        travel = open_travel(OsrmSource(url=server.url, modes=modes), [at(0), at(1.0)])
    assert [PATH.match(path)["profile"] for path in server.asked] == ["car", "bike"]
    assert travel.starts_s("van") == (0, 28_800)
    assert travel.leg("van", 0, 1) == (2000, (200, 300))
    assert travel.leg("hired", 0, 1) == (2000, (200,))


def test_a_path_before_the_service_is_kept():
    def below(path):
        assert path.startswith("/osrm/table/v1/")
        return tables(path.removeprefix("/osrm"))

    with served(below) as server:
        travel = open_travel(source(f"{server.url}/osrm/"), [at(0), at(1.0)])
    assert travel.leg("van", 0, 1) == (2000, (200,))


def test_a_place_that_was_moved_far_is_beyond_the_map():
    def far(path):
        return tables(path, moved_m=1001.0)

    with served(far) as server:
        travel = open_travel(source(server.url), [at(0), at(1.0), at(-0.5)])
    # Half a degree of the equator is 55,598 m (111,195.08 / 2 = 55,597.54); times 1.3 are 72,277 m
    # (72,276.8), at 20 km/h 13,010 s (13,009.9).
    assert travel.leg("van", 0, 2) == (72_277, (13_010,))
    assert travel.leg("van", 2, 0) == (72_277, (13_010,))
    assert travel.leg("van", 0, 1) == (2000, (200,))
    assert notes_of(travel) == (
        "van: at-0.5,0 is beyond the server's map; legs there are great circles",
    )


def test_a_place_that_was_moved_as_far_as_allowed_is_on_the_map():
    def near(path):
        return tables(path, moved_m=1000.0)

    with served(near) as server:
        travel = open_travel(source(server.url), [at(0), at(-0.5)])
    assert travel.leg("van", 0, 1) == (500, (50,))


def short(_path):
    return 200, b'{"code": "Ok", "durations": [[0]], "distances": [[0]]}'


def edited(numbers, others):
    def answer(path):
        status, body = tables(path)
        assert numbers in body
        return status, body.replace(numbers, others)

    return answer


negative = edited(b"[[0.0, 2000.0]", b"[[0.0, -1]")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda _: (400, b'{"code": "TooBig", "message": "Too many"}'), "TooBig: Too many"),
        (lambda _: (400, b'{"code": "NoSegment", "message": null}'), "NoSegment: no reason given"),
        (lambda _: (502, b"<html>Bad Gateway</html>"), "status 502, and no answer of OSRM"),
        (lambda _: (200, b'{"code": "Ok"}'), "its durations are not 2 x 2 numbers"),
        (lambda _: (200, b'{"code": "Ok\xff"}'), "status 200, and no answer of OSRM"),
        (lambda _: (201, b'{"hint": ' + b"[" * 100_000), "status 201, and no answer of OSRM"),
        (lambda _: (400, b'{"code": "\\u001b[2J", "message": "a\\nb"}'), r"^ \[2J: a b$"),
        (lambda path: (500, tables(path)[1]), "status 500"),
        (short, "its durations are not 2 x 2 numbers"),
        (negative, "its distances go beyond 0"),
        (edited(b"[[0.0, 200.0]", b"[[0.0, 1000001]"), "its durations go beyond 0 to 1000000"),
        (edited(b"[[0.0, 2000.0]", b"[[0.0, 2000001]"), "its distances go beyond 0 to 2000000"),
        (edited(b"[[0.0, 200.0]", b"[[0.0, 1e999]"), "status 200, and no answer of OSRM"),
    ],
)
def test_a_server_that_fails_says_why(answer, reason):
    with served(answer) as server, pytest.raises(ServerFailed, match=reason):
        fetch_table(source(server.url), "driving", [at(0), at(1.0)])


def test_a_server_that_fails_gives_way_to_the_great_circle_and_it_is_said():
    said = []
    with served(short) as server:
        travel = open_travel(source(server.url), [at(0), at(0.5)], report=said.append)
    assert travel.leg("van", 0, 1) == (72_277, (13_010,))
    assert said == list(notes_of(travel))
    (note,) = said
    assert f"{server.url} failed: its durations" in note
    assert "great circles times 1.3" in note


def test_a_server_that_is_down_gives_way():
    with served(tables) as server:
        url = server.url
    travel = open_travel(source(url), [at(0), at(0.5)])
    assert "failed" in notes_of(travel)[0]


def test_a_server_that_says_nothing_is_not_waited_for_long():
    done = threading.Event()

    def silent(_path):
        done.wait(30)
        return 200, b""

    with served(silent) as server:
        with pytest.raises(ServerFailed, match=r"no answer within 0\.2 s"):
            fetch_table(source(server.url, timeout_s=0.2), "driving", [at(0), at(1.0)])
        done.set()


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_server_that_drips_is_not_waited_for_long(part):
    done = threading.Event()
    said = b"HTTP/1.1 200 OK\r\nX-More: " if part == "head" else b"HTTP/1.1 200 OK\r\n\r\n"

    def drip():
        with server.accept()[0] as connection, suppress(OSError):
            connection.sendall(said)
            while not done.wait(0.02):
                connection.sendall(b" ")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        try:
            with pytest.raises(ServerFailed, match=r"no answer within 0\.2 s"):
                fetch_table(source(url, timeout_s=0.2), "driving", [at(0), at(1.0)])
        finally:
            done.set()
            thread.join()


def test_whoever_stays_needs_no_road():
    with served(edited(b"[[0.0,", b"[[null,")) as server:
        travel = open_travel(source(server.url), [at(0), at(1.0)])
    assert travel.leg("van", 0, 0) == (0, (0,))
    assert travel.leg("van", 0, 1) == (2000, (200,))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "osrm",
        "ftp://127.0.0.1/",
        "http://ü/",
        "http://x:99999",
        "http://a..b/",
        f"http://{'a' * 64}.invalid",
    ],
)
def test_a_url_that_is_none_fails_like_a_server(url):
    with pytest.raises(ServerFailed):
        fetch_table(source(url), "driving", [at(0), at(1.0)])


def test_more_places_than_a_server_should_be_asked_for_are_refused():
    with pytest.raises(ServerFailed, match="5001 places are more than the 5000"):
        fetch_table(source("http://127.0.0.1:1"), "driving", [at(0)] * 5001)
