"""gpsd's lines become fixes, or nothing. Frames as gpsd_json(5) shows them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.gpsd import fix_of, parse_gpsd_url
from schemas.position import Fix

TPV = (
    b'{"class":"TPV","device":"/dev/pts/1","time":"2005-06-08T10:34:48.283Z","ept":0.005,'
    b'"lat":46.498293369,"lon":7.567411672,"alt":1343.127,"eph":36.000,"epv":32.321,'
    b'"track":10.3788,"speed":0.091,"climb":-0.085,"mode":3}\r\n'
)


def changed(**values: object) -> bytes:
    return json.dumps({**json.loads(TPV), **values}).encode()


def without(*names: str) -> bytes:
    return json.dumps({k: v for k, v in json.loads(TPV).items() if k not in names}).encode()


def test_a_report_is_a_fix() -> None:
    # `date -ud '2005-06-08 10:34:48' +%s` says 1118226888
    assert fix_of(TPV) == Fix(
        at_ms=1_118_226_888_283,
        lat_deg=46.498293369,
        lon_deg=7.567411672,
        speed_m_s=0.091,
        accuracy_m=36.0,
    )


@pytest.mark.parametrize(
    "line",
    [
        b'{"class":"VERSION","release":"3.25","rev":"3.25","proto_major":3,"proto_minor":15}\r\n',
        b'{"class":"SKY","device":"/dev/ttyS0","time":"2005-06-08T10:34:48.283Z","hdop":1.0}\r\n',
        changed(mode=1),
        changed(mode=0),
        without("mode"),
        without("time"),
        without("lat"),
        without("lon"),
        changed(time="yesterday"),
        changed(lat=91.0),
        changed(lon=-180.5),
        b"",
        b"\xff\xfe\r\n",
        b"[1, 2]",
        b"[" * 100_000,
    ],
)
def test_what_is_no_fix_is_left_out(line: bytes) -> None:
    assert fix_of(line) is None


def test_two_dimensions_are_enough() -> None:
    assert fix_of(changed(mode=2)) is not None


def test_an_older_gpsd_says_its_error_by_axis() -> None:
    old = json.loads(without("eph"))
    fix = fix_of(json.dumps({**old, "epx": 4.5, "epy": 7.25}).encode())
    assert fix is not None
    assert fix.accuracy_m == 7.25


def test_a_speed_and_an_error_may_be_missing() -> None:
    fix = fix_of(without("speed", "eph"))
    assert fix is not None
    assert (fix.speed_m_s, fix.accuracy_m) == (None, None)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_left_out(line: bytes) -> None:
    fix_of(line)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("gpsd://127.0.0.1", ("127.0.0.1", 2947)),
        ("gpsd://truck.example:4000", ("truck.example", 4000)),
    ],
)
def test_an_address_may_leave_out_the_port(url: str, address: tuple[str, int]) -> None:
    assert parse_gpsd_url(url) == address


@pytest.mark.parametrize(
    "url", ["127.0.0.1:2947", "tcp://127.0.0.1:2947", "gpsd://", "gpsd://a:0", "gpsd://a:99999"]
)
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"gpsd://127\.0\.0\.1:2947|1 to 65535"):
        parse_gpsd_url(url)
