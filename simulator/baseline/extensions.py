"""Extensions that a managed platform, or whoever watches the server, put into the database, and no migration builds on.

They watch, plan or move data around the database: no column has a type of theirs, no index or constraint calls them. So
a restore goes on without one that the throwaway server lacks. Those whose types, operators or functions stand in
schemas (postgis, timescaledb, pg_trgm …) are not here, nor are those whose functions policies call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from simulator.dumps import statements
from simulator.model import Dump, Failure
from simulator.postgres.sqlstate import (
    INVALID_SCHEMA_NAME,
    UNDEFINED_FUNCTION,
    UNDEFINED_OBJECT,
    UNDEFINED_TABLE,
)

# By name, the schemas that each makes for itself.
BESIDE: Mapping[str, tuple[str, ...]] = {
    # Statistics and maintenance, on any server.
    "hypopg": (), "index_advisor": (), "pageinspect": (), "pg_buffercache": (),
    "pg_freespacemap": (), "pg_hint_plan": ("hint_plan",), "pg_prewarm": (), "pg_proctab": (), "pg_qualstats": (),
    "pg_repack": ("repack",), "pg_squeeze": ("squeeze",), "pg_stat_kcache": (), "pg_stat_monitor": (),
    "pg_stat_statements": (), "pg_visibility": (), "pg_wait_sampling": (), "pg_walinspect": (), "pgrowlocks": (),
    "pgstattuple": (), "pgaudit": (), "pglogical": ("pglogical", "pglogical_origin"), "pg_cron": ("cron",),
    # Supabase
    "pg_graphql": ("graphql",), "pg_net": ("net",), "pgsodium": ("pgsodium", "pgsodium_masks"),
    "supabase_vault": ("vault",),
    # Amazon RDS, Aurora
    "aws_commons": ("aws_commons",), "aws_lambda": ("aws_lambda",), "aws_s3": ("aws_s3",), "log_fdw": (),
    "rds_tools": ("rds_tools",),
    # Google Cloud, AlloyDB
    "google_columnar_engine": ("google_columnar_engine",), "google_db_advisor": ("google_db_advisor",),
    "google_vacuum_mgmt": ("google_vacuum_mgmt",),
    # Azure
    "azure": (), "azure_storage": ("azure_storage",), "pgaadauth": (), "pgms_stats": (), "pgms_wait_sampling": (),
    # Aiven, Neon
    "aiven_extras": ("aiven_extras",), "neon": (), "neon_utils": (),
}  # fmt: skip

# The same of those that migrations may build on: only where the scenario leaves them out.
_OTHERS: Mapping[str, tuple[str, ...]] = {
    "pg_partman": ("partman",),
    "postgis_tiger_geocoder": ("tiger", "tiger_data"),
    "postgis_topology": ("topology",),
    "timescaledb": tuple(f"_timescaledb_{part}" for part in ("cache", "catalog", "config", "functions", "internal")),
}


def left_out(dump: Dump, asked: Iterable[str], available: Iterable[str]) -> tuple[str, ...]:
    """The dump's extensions that are not restored: those that the scenario names, and those above that the server
    lacks."""
    there, named = frozenset(available), frozenset(asked)
    return tuple(name for name in dump.extensions if name in named or (name in BESIDE and name not in there))


def lacking(dump: Dump, without: Iterable[str], available: Iterable[str]) -> tuple[str, ...]:
    """The dump's extensions that a restore can't do without, and the server can't create."""
    able = {*without, *available}
    return tuple(name for name in dump.extensions if name not in able)


def schemas(names: Iterable[str]) -> frozenset[str]:
    """The schemas that these extensions make for themselves: what stands there goes with them."""
    return frozenset(schema for name in names for schema in (*BESIDE.get(name, ()), *_OTHERS.get(name, ())))


_PLACE = re.compile(
    rf"""\s*(?:
      (?:GRANT|REVOKE)\s.*?\sON\s+(?:ALL\s+[A-Z]+\s+IN\s+)?
    | COMMENT\s+ON\s+
    | ALTER\s+DEFAULT\s+PRIVILEGES\s+(?:FOR\s+(?:ROLE|USER)\s+\S+\s+)?IN\s+
    | ALTER\s+
    | COPY\s+
    | INSERT\s+INTO\s+
    | CREATE\s+POLICY\s.*?\sON\s+
    | SELECT\s+pg_catalog\.setval\('
    )
    (?:(?P<in>SCHEMA\s+)|(?:TABLE|FUNCTION|SEQUENCE|PROCEDURE|ROUTINE|AGGREGATE|VIEW|TYPE|COLUMN)\s+)?(?:ONLY\s+)?
    (?P<first>{statements.NAME_WORD})(?P<dot>\.)?""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)


def stands_in(statement: str, within: Iterable[str]) -> bool:
    """Whether all that the statements touch (owners, grants, rows, comments) stands in one of those schemas."""
    places = [_PLACE.match(part) for part in statements.split(statement)]
    wanted = frozenset(within)
    return bool(places) and all(
        place and (place["in"] or place["dot"]) and statements.unquote(place["first"]) in wanted for place in places
    )


# What names types, operator classes and access methods.
_MAKES = re.compile(r"\s*(?:CREATE|ALTER\s+TABLE)\b", re.IGNORECASE)
_ABSENT = {INVALID_SCHEMA_NAME, UNDEFINED_FUNCTION, UNDEFINED_OBJECT, UNDEFINED_TABLE}


def doubt(failure: Failure, without: Iterable[str]) -> str | None:
    """Why a failure of migrate may come of an extension that the restore left out; None: it can't."""
    names = tuple(without)
    if not names or failure.sqlstate not in _ABSENT:
        return None
    said = f"{failure.schema_name} {failure.relation} {failure.message} {failure.sql}"
    words = set(re.findall(r"[^\W\d][\w$]*", said))
    blamed = tuple(name for name in names if words & schemas([name]) or any(map(_begins_with(name), words)))
    if not blamed and failure.sqlstate == UNDEFINED_FUNCTION:  # which may be called anything
        blamed = names
    if not blamed and failure.sqlstate == UNDEFINED_OBJECT and _MAKES.match(failure.sql or ""):
        blamed = tuple(name for name in names if name not in BESIDE)
    return (
        f"what is missing may be of the extension {' or '.join(blamed)}, which the restore left out" if blamed else None
    )


def _begins_with(name: str) -> Callable[[str], bool]:
    return lambda word: word == name or word.startswith(f"{name}_")
