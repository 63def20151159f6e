"""The command as a person types it: a mistake is one sentence and exit code 2."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

EDGE = {"FROSTLINE_EDGE_GATEWAY_ID": "truck-17", "FROSTLINE_EDGE_BROKER_URL": "mqtt://127.0.0.1:1"}

API = {
    "FROSTLINE_API_DATABASE_URL": "postgresql://127.0.0.1:1/x",
    "FROSTLINE_API_LINK_SECRETS": "0123456789abcdef0123456789abcdef",
}


def frostline(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    clean = {name: text for name, text in os.environ.items() if not name.startswith("FROSTLINE_")}
    return subprocess.run(
        [sys.executable, "-m", "frostline", *arguments],
        env=clean | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_says_its_version() -> None:
    assert frostline("--version").stdout == "frostline 0.1.0\n"


@pytest.mark.parametrize(
    ("arguments", "environ", "sentence"),
    [
        (
            ["edge"],
            EDGE | {"FROSTLINE_EDGE_BROKER_URI": "x"},
            "FROSTLINE_EDGE_BROKER_URI is not a setting; did you mean FROSTLINE_EDGE_BROKER_URL?",
        ),
        (["edge"], EDGE | {"FROSTLINE_EGDE_ALLOW": "x"}, "FROSTLINE_EGDE_ALLOW is not a setting"),
        (["edge"], {}, "FROSTLINE_EDGE_GATEWAY_ID is not set"),
        (["edge"], EDGE | {"FROSTLINE_EDGE_BROKER_URL": "tcp://x"}, "must begin with mqtt://"),
        (["edge", "status", "--outbox", "/nonexistent/outbox.db"], {}, "outbox.db is not there"),
        (["ingest", "--shards", "40"], {}, "FROSTLINE_INGEST_BROKER_URL is not set"),
        (["api"], {}, "FROSTLINE_API_DATABASE_URL is not set"),
        (["migrate", "--database-url", "postgresql://127.0.0.1:1/x"], {}, "does not answer"),
        (["replay", "/nonexistent/capture.txt"], {}, "cannot be read: No such file"),
        (["sim"], {}, "FROSTLINE_SIM_AIR_PATH is not set"),
        (["sim", "--air", "air", "--loggers", "0"], {}, "FROSTLINE_SIM_LOGGERS is 0"),
        (["sim", "--air", "/nonexistent/air"], {}, "there is no folder /nonexistent"),
        (["sim", "--air", "a" * 120], {}, "107"),
        (["api"], API | {"FROSTLINE_LOG_LEVEL": "loud"}, "FROSTLINE_LOG_LEVEL is LOUD; it is one"),
        (["token", "list", "--database-url", "nonsense"], {}, "the database's URL cannot be read"),
        (["migrate", "--database-url", "nonsense"], {}, "the database's URL cannot be read"),
        (
            ["judge"],
            {"FROSTLINE_JUDGE_DATABASE_URL": "nonsense"},
            "the database's URL cannot be read",
        ),
        (
            ["seal"],
            {"FROSTLINE_SEAL_DATABASE_URL": "nonsense"},
            "the database's URL cannot be read",
        ),
        (
            ["api"],
            API | {"FROSTLINE_API_DATABASE_URL": "nonsense"},
            "the database's URL cannot be read",
        ),
        (
            ["ingest"],
            {
                "FROSTLINE_INGEST_DATABASE_URL": "nonsense",
                "FROSTLINE_INGEST_BROKER_URL": "mqtt://127.0.0.1:1",
            },
            "the database's URL cannot be read",
        ),
        (["link", "order-1", "--hours", "80000"], API, "FROSTLINE_API_LINK_MAX_AGE_S allows"),
        (
            ["console", "--city", "shanghai", "--hours", "80000"],
            API,
            "FROSTLINE_API_LINK_MAX_AGE_S allows",
        ),
        (["console", "--city", "no city"], API, "'no city' is no city id"),
        (["ingest", "status"], {}, "FROSTLINE_INGEST_DATABASE_URL is not set"),
        (
            ["migrate"],
            {"FROSTLINE_API_DATABASE_URL": "postgresql://127.0.0.1:1/x"},
            "does not answer",
        ),
        (["up"], {"FROSTLINE_STATE": "/proc/nothing"}, "name another place with FROSTLINE_STATE"),
        (["api", "--config", "/nonexistent/frostline.toml"], {}, "cannot be read: No such file"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(
    arguments: list[str], environ: dict[str, str], sentence: str
) -> None:
    done = frostline(*arguments, **environ)
    assert sentence in done.stderr
    assert done.stderr.startswith("frostline: ")
    assert done.stderr.count("\n") == 1
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[edge\n", "is not TOML"),
        ("[egde]\n", "[egde] in "),
        ("[edge]\nwindw = 3\n", "[edge] windw is not a setting"),
        ("edge = 3\n", "[edge] in the settings file is not a table"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "frostline.toml"
    path.write_text(text)
    done = frostline("edge", "--config", str(path))
    assert sentence in done.stderr
    assert done.returncode == 2


def test_an_unknown_option_is_refused() -> None:
    assert frostline("edge", "--nonsense").returncode == 2


def test_a_taken_port_is_a_sentence_and_not_a_log() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = frostline("api", "--host", "127.0.0.1", "--port", port, **API)

    assert done.returncode == 2
    assert f"127.0.0.1 port {port} is taken" in done.stderr
