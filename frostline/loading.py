"""How does a file of policy or rules become a stored version?"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from frostline.database import translate_database_errors
from frostline.errors import CommandRefused
from gateway.judge.library import Document, VersionTaken, load
from gateway.judge.store import Store
from gateway.rules.toml_lines import BadFile


def load_file(file: Path, read: Callable[..., Document], database_url: str) -> str:
    """Store what a file says; return a sentence for whoever asked. Raises CommandRefused."""
    try:
        document = read(file.read_text(encoding="utf-8"), name=str(file))
        with translate_database_errors(), Store.connect(database_url) as store:
            is_new = load(store, document, now=datetime.now(UTC))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandRefused(f"{file} cannot be read: {error}") from error
    except (BadFile, VersionTaken) as refusal:
        raise CommandRefused(str(refusal)) from refusal
    return f"{document.name}: {'stored' if is_new else 'was stored before'}"
