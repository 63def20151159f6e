"""Is there such a city, and does anybody plan it?"""

from typing import Final

from api.dispatch import store_plan
from api.dispatch.store_plan import City
from api.refusals import NoSuchThing
from api.store import Connection
from schemas.ids import CityId

NOBODY: Final = "No dispatcher runs for this city; `frostline dispatch run` starts one."


async def find_city(db: Connection, city_id: CityId) -> City:
    """Return a city; raise NoSuchThing."""
    city = await store_plan.city(db, city_id)
    if city is None:
        raise NoSuchThing("city", city_id)
    return city
