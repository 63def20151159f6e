"""What the loggers of a demo measured before it began."""

from pathlib import Path

import numpy as np
from ruuvitag_ble.df5_decoder import DataFormat5Decoder

from firmware_sim import ruuvi
from firmware_sim.past import past_frames
from firmware_sim.scenarios import Story, loggers_of
from firmware_sim.settings import SimSettings
from firmware_sim.world import World

DEMO = SimSettings(air_path=Path("air"))


def test_the_past_of_the_warming_box_ends_just_below_its_limit_and_goes_on_from_there() -> None:
    """Ice for less than two hours: a plateau, then a rise, and 4 °C soon after second 0."""
    loggers = loggers_of(DEMO)
    row, warming = next((i, x) for i, x in enumerate(loggers) if x.story is Story.WARMING)
    payloads = [
        (past.at_s, past.frame.manufacturer_data[ruuvi.COMPANY])
        for past in past_frames(DEMO, interval_s=30.0)
        if past.logger_id == warming.logger_id
    ]
    measured_c = np.array([DataFormat5Decoder(data).temperature_celsius for _, data in payloads])
    world = World(loggers, DEMO.seed, packed_s=DEMO.packed_s)
    world.advance_to(120.0)

    assert len(payloads) == 7200 / 30
    assert measured_c[:120].max() < 2.0
    assert 3.5 < measured_c[-1] < 4.0
    assert world.loggers_c()[row] > 4.0


def test_the_counters_of_the_past_lie_before_those_of_the_simulation() -> None:
    first = loggers_of(DEMO)[0]
    counters = [
        DataFormat5Decoder(past.frame.manufacturer_data[ruuvi.COMPANY]).measurement_sequence_number
        for past in past_frames(DEMO, interval_s=600.0)
        if past.logger_id == first.logger_id
    ]

    # Ruuvi's counter turns at 65,535 (docs.ruuvi.com, data format 5).
    assert counters == list(range(65_535 - 12, 65_535))
