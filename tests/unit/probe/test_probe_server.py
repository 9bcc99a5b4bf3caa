"""Connections that a statement has the server open."""

from __future__ import annotations

import pytest
from migsim_probe.server import addresses


@pytest.mark.parametrize(
    ("sql", "parameters", "found"),
    [
        ("SELECT dblink_connect('host=10.0.0.9 port=6000 password=hunter2')", None, ["10.0.0.9:6000"]),
        ("SELECT * FROM dblink(%s, 'SELECT 1') AS t(x int)", ["host=db.internal"], ["db.internal:5432"]),
        ("SELECT dblink_connect('postgresql://me:hunter2@db:5433/x')", None, ["db:5433"]),
        ("CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'db', port '5434')", None, ["db:5434"]),
        ("COPY t FROM PROGRAM 'curl http://x'", None, ["a program on the server"]),
        ("SELECT host FROM dblinks WHERE host = 'db'", None, []),
    ],
)
def test_places_are_named_without_credentials(sql: str, parameters: object, found: list[str]) -> None:
    assert addresses(sql, parameters) == found
