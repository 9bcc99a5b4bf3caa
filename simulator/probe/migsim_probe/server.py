"""Connections that SQL asks the database server itself to open: dblink, foreign servers, subscriptions, programs."""

from __future__ import annotations

import re
from typing import Any

OUTWARD = re.compile(
    r"\bdblink\w*\s*\(|\bCREATE\s+SERVER\b|\bALTER\s+SERVER\b|\bCREATE\s+SUBSCRIPTION\b|\bCOPY\b.*\bPROGRAM\b",
    re.IGNORECASE | re.DOTALL,
)
# ``host=db port=5432`` of a conninfo, ``host 'db', port '5432'`` of OPTIONS, or a URL.
HOST = re.compile(r"\bhost(?:addr)?\s*(?:=\s*'?|\s')([^\s',;]+)", re.IGNORECASE)
PORT = re.compile(r"\bport\s*(?:=\s*'?|\s')(\d+)", re.IGNORECASE)
URL = re.compile(r"\bpostgres(?:ql)?://(?:[^\s/@']*@)?([^\s/?']+)", re.IGNORECASE)
PROGRAM = re.compile(r"\bPROGRAM\b", re.IGNORECASE)


def addresses(sql: str, parameters: Any) -> list[str]:
    """``host:port`` of each place that the statement names; never what else its connection string holds."""
    if not OUTWARD.search(sql):
        return []
    text = " ".join([sql] + [str(each) for each in _values(parameters)])
    found = URL.findall(text)
    hosts, ports = HOST.findall(text), PORT.findall(text)
    found += ["{}:{}".format(host, ports[index] if index < len(ports) else "5432") for index, host in enumerate(hosts)]
    return found or ["a program on the server" if PROGRAM.search(sql) else "a place that the statement does not name"]


def _values(parameters: Any) -> list[Any]:
    if isinstance(parameters, dict):
        return list(parameters.values())
    return list(parameters) if isinstance(parameters, (list, tuple)) else []
