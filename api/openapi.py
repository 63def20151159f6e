"""What does the api offer, as an OpenAPI document?

`python -m api.openapi > docs/openapi.json` writes the committed copy; a test compares the two.
"""

import json
import sys

from api.app import create_app
from api.settings import ApiSettings


def document() -> str:
    """Return the OpenAPI document as JSON, the same for the same code."""
    settings = ApiSettings(database_url="postgresql://", link_secrets=("-" * 32,))
    return json.dumps(create_app(settings).openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
