"""How is a file with secrets written, whole or not at all, and for its owner only?"""

import secrets
from pathlib import Path

from frostline.stack.accounts import Account, give


def write_privately(path: Path, text: str, account: Account | None = None) -> None:
    """Replace a file as a whole; only its owner, `account` where given, may read it."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    beside.touch(mode=0o600)
    beside.write_text(text, encoding="utf-8")
    give(beside, account)
    beside.replace(path)
