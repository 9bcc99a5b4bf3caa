"""What libpq takes from the environment."""

from __future__ import annotations

import re
from collections.abc import MutableMapping

# What libpq reads where a connection does not say it (PostgreSQL manual, section 34.15). By shape, since each major
# adds some; a project's own PGCRYPTO_KEY has another.
_LIBPQ_VARIABLE = re.compile(r"PG[A-Z]+(_TIMEOUT)?")


def forget_libpq_settings(environ: MutableMapping[str, str]) -> None:
    """Drop what speaks of the user's own servers, so that no connection of ours can mean one of them."""
    for name in [name for name in environ if _LIBPQ_VARIABLE.fullmatch(name)]:
        del environ[name]
