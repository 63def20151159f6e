"""Where a part cannot be fetched, the demo says so and goes on without; nothing else does."""

import psycopg
import pytest

from frostline.stack import broker, postgres
from frostline.stack.errors import PartUnavailable
from frostline.stack.mqtt_probe import ACCEPTED, reason_code


@pytest.fixture
def without_apt(monkeypatch, stack_folder, request):
    """Leave the machine without Debian's tools, mosquitto, and with an empty cache."""
    cache = stack_folder / f"cache-{request.node.name}"
    monkeypatch.setenv("FROSTLINE_CACHE", str(cache))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("frostline.stack.mosquitto._SYSTEM_FOLDERS", "/nowhere")


@pytest.mark.usefixtures("without_apt")
def test_the_demo_runs_on_plain_postgresql_and_says_so(stack_folder):
    said = []
    installation = postgres.prepare(require_timescaledb=False, report=said.append)
    assert installation.timescaledb_version is None
    assert said[-1].startswith("TimescaleDB cannot be had here, running on plain PostgreSQL:")
    with (
        postgres.Postgres(installation, stack_folder / "plain", durable=False) as server,
        psycopg.connect(server.dsn("postgres")) as connection,
    ):
        assert connection.info.server_version // 10000 == 17


@pytest.mark.usefixtures("without_apt")
def test_everything_else_demands_timescaledb():
    with pytest.raises(PartUnavailable, match="apt-get is not on this machine"):
        postgres.prepare()


@pytest.mark.usefixtures("without_apt")
def test_the_demo_runs_on_a_broker_without_access_rules_and_says_so(stack_folder):
    said = []
    program = broker.prepare(require_acl=False, report=said.append)
    assert "enforces no access rules" in said[-1]
    with broker.Broker(program, stack_folder / "rumqttd") as fall_back:
        assert not fall_back.enforces_acl
        password = fall_back.password("truck-7")
        assert reason_code(fall_back.port, "truck-7", password) == ACCEPTED
        assert reason_code(fall_back.port, "truck-7", "wrong") != ACCEPTED


@pytest.mark.usefixtures("without_apt")
def test_everything_else_demands_mosquitto():
    with pytest.raises(PartUnavailable, match="apt install mosquitto"):
        broker.prepare()
