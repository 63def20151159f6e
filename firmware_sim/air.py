"""Where do simulated loggers and the edges' radios meet?

This module gathers what others use of the air: the server, the scanner for bleak, the control.
"""

from firmware_sim.air_control import AirControl, AirRefused, LedgerView, NoAir
from firmware_sim.air_radio import Beacon
from firmware_sim.air_scanner import AirScanner, scanner_for
from firmware_sim.air_server import AirServer, AirTaken, Stage, UnknownLogger
from firmware_sim.air_wire import AirPathTooLong, Row, Statistics
from firmware_sim.channel import Channel
from firmware_sim.ledger import Ledger, Measurement

__all__ = [
    "AirControl",
    "AirPathTooLong",
    "AirRefused",
    "AirScanner",
    "AirServer",
    "AirTaken",
    "Beacon",
    "Channel",
    "Ledger",
    "LedgerView",
    "Measurement",
    "NoAir",
    "Row",
    "Stage",
    "Statistics",
    "UnknownLogger",
    "scanner_for",
]
