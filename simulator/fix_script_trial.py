"""The recommended fix as a script, rehearsed on a clone of its own before anybody gets it."""

from __future__ import annotations

from collections.abc import Iterator

from simulator import database, fix_script, trials
from simulator.diagnosis import Diagnosis
from simulator.errors import CannotTell
from simulator.fix_plans import Plan
from simulator.fix_script import Guards
from simulator.model import Address, Report
from simulator.resources import shipped
from simulator.roles import SUPERUSER
from simulator.situation import Situation
from simulator.trials import Bench


def rehearsed(diagnosis: Diagnosis, report: Report) -> str | None:
    """None where nothing is recommended. Raises CannotTell when the script does not do what the fix did."""
    fix = next((fix for fix in diagnosis.fixes if fix.recommended), None)
    situation, bench = diagnosis.situation, diagnosis.bench
    if fix is None or situation is None or bench is None:
        return None
    plan = diagnosis.plan
    databases = bench.base.clone(bench.environment, bench.base.role.project_user)
    try:
        place = databases[bench.alias]
        text = fix_script.script(
            report,
            fix,
            _guards(situation, plan, bench, place),
            bench.alias,
            (shipped("templates") / "fix.sh.j2").read_text(),
        )
        outcome = bench.rehearsals.script(bench.code, databases, text)
        if outcome.code != 0:
            said = (outcome.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise CannotTell(f"the fix works, its script does not (exit code {outcome.code}): {said}", "migsim run")
        discards, recorded = (plan.discards, plan.recorded) if plan else (frozenset(), frozenset())
        verified = trials.verify(situation, bench.environment, place, discards, recorded)
        wrong = (*trials.drift_of(verified), *(f"{table} loses rows" for table in verified.rows_lost))
        if wrong:
            raise CannotTell(f"the fix works, its script does not: {wrong[0]}", "migsim run")
    finally:
        bench.base.drop(bench.environment, databases)
    return text


def _guards(situation: Situation, plan: Plan | None, bench: Bench, place: Address) -> Guards:
    """The state of the clone before the first step."""
    schema = situation.table.schema_name if situation.table.kind == "table" else None
    query = fix_script.state_query(sorted(set(_relations(situation, plan))), schema)
    with database.connect(bench.environment.address(place.dbname, SUPERUSER)) as connection, connection.transaction():
        connection.execute("SET LOCAL search_path = pg_catalog")
        state = fix_script.state_of(connection.execute(query.encode()).fetchall())
    return Guards(
        query=query,
        state=state,
        pending=situation.pending,
        files=situation.files,
        recorded=plan.recorded if plan else frozenset(),
        readable=not (plan and plan.history),
    )


def _relations(situation: Situation, plan: Plan | None) -> Iterator[tuple[str, str]]:
    """What stands in the way, and all that a migration which is only recorded would have made or changed."""
    for root in situation.roots:
        standing = root.existing
        if standing is not None and standing.schema_name:
            yield standing.schema_name, standing.table_name or standing.name
    for name in sorted({name for mend in plan.mends for name in mend.fake} if plan else situation.effects):
        effects = situation.effects.get(name)
        for fact in sorted(effects.added | effects.removed) if effects else ():
            if fact.relation:
                yield fact.schema, fact.relation
