"""Dumps that pg_dump wrote, in every format: chosen, recognised, read and checked without a server."""

from simulator.dumps.choice import choose, sha256
from simulator.dumps.reading import check_script, open_inside, read

__all__ = ["check_script", "choose", "open_inside", "read", "sha256"]
