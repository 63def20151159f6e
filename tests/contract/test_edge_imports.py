"""An edge runs on what `frostline[edge]` installs, and loads no GPL code."""

import subprocess
import sys

# One frame for each parser, so that each is loaded, through the whole agent; then the modules.
EDGE_RUN = """
import asyncio, sys, tempfile
from pathlib import Path

class Refuse:
    # Absent in an edge's environment; PyRIC is GPL (pulled in by bluetooth-auto-recovery).
    names = {"numpy", "psycopg", "fastapi", "pyric", "firmware_sim", "gateway", "api"}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ImportError(f"{name} has no place in an edge")

sys.meta_path.insert(0, Refuse())

from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from edge import agent
from edge.settings import EdgeSettings
from edge.status import describe, render

ADVERTS = [
    (None, {0x0499: bytes.fromhex("0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F")}, {}),
    (None, {}, {"0000fcd2-0000-1000-8000-00805f9b34fb": bytes.fromhex("4002C40903BF13")}),
    (None, {}, {"0000fe95-0000-1000-8000-00805f9b34fb": bytes.fromhex("58585b05db")}),
    ("GVH5075_0001", {0xEC88: bytes.fromhex("0082C8B56400")}, {}),
    ("TP357 (2142)", {0xF5C2: bytes.fromhex("003a022c")}, {}),
    ("sps", {2120: bytes.fromhex("f41001b7d06408")}, {}),
    ("SensorPush HT.w 0CA1", {0x0501: b"x" * 4}, {}),
]

class Scanner(BaseBleakScanner):
    def __init__(self, callback, uuids, mode, **platform):
        super().__init__(callback, uuids)

    async def start(self):
        for number, (name, manufacturer, service) in enumerate(ADVERTS):
            address = f"C4:A5:E3:00:00:{number:02X}"
            advert = AdvertisementData(name, manufacturer, service, [], None, -60, ())
            device = self.create_or_update_device(address, address, name, None, advert)
            self.call_detection_callbacks(device, advert)

    async def stop(self):
        pass

async def main(path):
    stop = asyncio.Event()
    settings = EdgeSettings(
        gateway_id="truck-17", broker_url="mqtt://127.0.0.1:1", outbox_path=path, drain_s=0
    )
    running = asyncio.create_task(agent.run(settings, Scanner, stop))
    asyncio.get_running_loop().call_later(0.5, stop.set)
    await running

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "outbox"
    asyncio.run(main(path))
    report = describe(path)
    render(report)
    parsers = [name for name in sys.modules if name.endswith("_ble")]
    print(report.readings, len(parsers))
    print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_an_edge_run_loads_neither_gpl_code_nor_another_roles_packages() -> None:
    """Ruuvi, BTHome, Govee, ThermoPro and Inkbird decode; all seven parsers are loaded."""
    result = subprocess.run(
        [sys.executable, "-c", EDGE_RUN], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    counts, modules = result.stdout.splitlines()
    assert counts == "5 7"
    assert {"pyric", "numpy", "psycopg", "fastapi"}.isdisjoint(modules.split())
    assert "bluetooth_auto_recovery.recover" not in modules


def test_parsers_are_loaded_when_their_first_frame_is_heard() -> None:
    code = "import sys, edge.agent; print([m for m in sys.modules if m.endswith('_ble')])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert result.stdout.strip() == "[]"
