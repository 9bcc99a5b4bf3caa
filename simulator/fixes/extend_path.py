"""An extension's schema is not on the search path: the database gets it there, as its source had it."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.fixes.route import Mend
from simulator.postgres import ddl
from simulator.postgres.sql import literal

ID = "extend-path"
TITLE = "Put the extension's schema on the database's search path"


def propose(case: Case) -> Mend | None:
    """For this session, too. Where the settings give a path of their own the trial shows that it is not enough."""
    found = case.member_elsewhere
    if found is None:
        return None
    schema = ddl.quote(found[2])
    statement = (
        f"DO $do$ DECLARE path text := current_setting('search_path') || {literal(f', {schema}')}; BEGIN "
        "EXECUTE format('ALTER DATABASE %I SET search_path = %s', current_database(), path); "
        "PERFORM set_config('search_path', path, false); END $do$"
    )
    return Mend(ID, TITLE, (case.root.id,), clear=(statement,))
