"""How does the demo begin in the middle of a journey?

A courier's handheld has heard the boxes since they were packed, without a network. It delivers what
it kept as any edge does: through its outbox, MQTT and the ingestor.
"""

import asyncio
from datetime import datetime
from typing import Final

from edge.settings import EdgeSettings
from firmware_sim.past import past_frames
from firmware_sim.scenarios import Role, loggers_of
from firmware_sim.settings import SimSettings
from frostline.hearing import hear
from frostline.recorded_radio import Recording
from frostline.recordings import Frame
from frostline.system import System
from schemas.ids import GatewayId

HANDHELD: Final = GatewayId("handheld-1")
_INTERVAL_S: Final = 30.0  # the edge's own record interval
_RSSI_DBM: Final = -60


def deliver_backlog(system: System, simulated: SimSettings, began_at: datetime) -> None:
    """Deliver what the orders' loggers measured from packing until `began_at`."""
    edge = EdgeSettings(
        gateway_id=HANDHELD,
        broker_url=system.addresses.broker_url,
        broker_password=system.addresses.gateway_passwords[HANDHELD],
        outbox_path=system.layout.outbox_of(HANDHELD),
        record_interval_s=0,
        radio_silence_s=0,
        batch_linger_s=0.1,
    )
    recording = Recording(system.layout.outbox_of(HANDHELD), _frames(simulated, began_at))
    asyncio.run(hear(recording, edge, check=system.check, progress=lambda _heard, _held: None))


def _frames(simulated: SimSettings, began_at: datetime) -> list[Frame]:
    began_ms = round(began_at.timestamp() * 1000)
    travelling = {
        logger.logger_id
        for logger in loggers_of(simulated)
        if logger.order is not None or logger.role is Role.PLACE
    }
    return [
        Frame(
            at_ms=began_ms + round(past.at_s * 1000),
            logger_id=past.logger_id,
            rssi_dbm=_RSSI_DBM,
            manufacturer_data=dict(past.frame.manufacturer_data),
            service_data=dict(past.frame.service_data),
            local_name=past.frame.local_name,
        )
        for past in past_frames(simulated, interval_s=_INTERVAL_S)
        if past.logger_id in travelling
    ]
