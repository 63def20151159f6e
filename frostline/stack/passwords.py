"""How does mosquitto keep a password?

As mosquitto_passwd(1) writes it: `user:$7$iterations$salt$hash`, PBKDF2 with HMAC-SHA512, salt and
hash in base64. Written here too, because the broker on a machine may come without that tool.
"""

import base64
import hashlib
import secrets
from typing import Final

# mosquitto's own default. Our passwords are drawn from 192 random bits, so that no number of
# iterations makes guessing them any harder.
_ITERATIONS: Final = 101
_SALT_BYTES: Final = 12
_HASH_BYTES: Final = 64


def password_line(user: str, password: str, salt: bytes | None = None) -> str:
    """Return the user's line in a password file."""
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS, _HASH_BYTES)
    return f"{user}:$7${_ITERATIONS}${_base64(salt)}${_base64(digest)}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
