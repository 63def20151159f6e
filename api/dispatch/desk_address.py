"""Where on the console are commands given?"""

from urllib.parse import urlencode

from fastapi import Request

from schemas.ids import CityId


def address_of(request: Request, city_id: CityId, **query: str) -> str:
    """Return the address of a city's desk; its link, language and what it shows are the query."""
    root = request.scope.get("root_path", "")
    return f"{root}/cities/{city_id}/console/desk?{urlencode(query)}"
