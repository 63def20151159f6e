"""What mosquitto is given: its configuration, passwords, and who may say and hear what."""

import base64
import hashlib
import re

import pytest

from frostline.stack.mosquitto import ACL, Mosquitto
from frostline.stack.mqtt_probe import connect_packet
from frostline.stack.passwords import password_line
from frostline.stack.rumqttd import Rumqttd
from schemas.topics import Kind


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "broker"
    place.mkdir()
    return place


def write(program, folder):
    words = {"gw-1": "secret", "ingest": 'with "quotes"'}
    program.write_files(folder, port=21883, max_queued_messages=5000, passwords=words)


def test_mosquitto_listens_on_loopback_and_knows_no_anonymous(folder):
    write(Mosquitto("/usr/sbin/mosquitto"), folder)
    lines = (folder / "mosquitto.conf").read_text().splitlines()
    assert "listener 21883 127.0.0.1" in lines
    assert "allow_anonymous false" in lines
    assert "max_queued_messages 5000" in lines
    assert f"acl_file {folder}/acl" in lines


def test_nobody_else_may_read_what_the_broker_runs_with(folder):
    write(Mosquitto("/usr/sbin/mosquitto"), folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert "secret" not in (folder / "passwords").read_text()


def test_a_password_line_is_as_mosquitto_passwd_writes_it():
    """`user:$7$iterations$salt$hash`: PBKDF2-HMAC-SHA512, 12 bytes of salt, 64 of hash."""
    line = password_line("gw-1", "secret", salt=bytes(range(12)))
    match = re.fullmatch(r"gw-1:\$7\$101\$AAECAwQFBgcICQoL\$(.+)", line)
    assert match is not None
    expected = hashlib.pbkdf2_hmac("sha512", b"secret", bytes(range(12)), 101)
    assert base64.b64decode(match[1]) == expected


def test_only_ingest_is_granted_a_write_to_stored():
    """In mosquitto.conf(5), `pattern` lines hold for each user, `topic` lines for the one above."""
    user, writers = "everyone", []
    for line in ACL.read_text().splitlines():
        words = line.split()
        if words[:1] == ["user"]:
            user = words[1]
        elif len(words) == 3 and words[0] in {"topic", "pattern"} and words[1] != "read":
            writers.append((user, words[0], words[2].rpartition("/")[2]))
    assert [w for w in writers if w[2] == Kind.STORED] == [("ingest", "topic", Kind.STORED)]


def test_each_pattern_is_bound_to_the_gateway_that_connects():
    patterns = [line.split()[2] for line in ACL.read_text().splitlines() if line[:7] == "pattern"]
    assert len(patterns) == 5
    for pattern in patterns:
        assert pattern.startswith("frostline/v1/+/%u/")
        assert pattern.rpartition("/")[2] in set(Kind)


def test_the_fall_back_speaks_mqtt_5_on_loopback_with_passwords(folder):
    import tomllib  # noqa: PLC0415

    write(Rumqttd(), folder)
    server = tomllib.loads((folder / "rumqttd.toml").read_text())["v5"]["1"]
    assert server["listen"] == "127.0.0.1:21883"
    assert server["connections"]["auth"]["ingest"] == 'with "quotes"'


def test_a_probe_is_a_connect_of_mqtt_5():
    """Byte for byte by MQTT 5, 3.1: user name, password and clean start are flags 0xC2."""
    expected = "10 17 00044d515454 05 c2 000a 00 0000 0002 6777 0004 77617264"
    packet = bytes.fromhex(expected.replace(" ", ""))
    assert connect_packet("gw", "ward") == packet
