"""The recommended fix as a script, rehearsed on a clone of its own before anybody gets it."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.baseline.sandbox import Sandbox
from simulator.errors import CannotTell
from simulator.findings.situation import Situation
from simulator.host.resources import shipped
from simulator.model import Address, Fix, Report
from simulator.postgres import database
from simulator.trials import script, trial
from simulator.trials.plans import Plan
from simulator.trials.script import Guards


def rehearsed(fix: Fix, plan: Plan | None, situation: Situation, sandbox: Sandbox, report: Report) -> str:
    """The recommended fix as a script. Raises CannotTell when that does not do what the fix did."""
    template = (shipped("templates") / "fix.sh.j2").read_text()
    with sandbox.clone() as databases:
        place = sandbox.address(databases)
        text = script.script(report, fix, _guards(situation, plan, place), sandbox.alias, template)
        outcome = sandbox.rehearsals.script(sandbox.code, databases, text)
        if outcome.code != 0:
            said = (outcome.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise CannotTell(f"the fix works, its script does not (exit code {outcome.code}): {said}", "migsim run")
        discards, recorded = (plan.discards, plan.recorded) if plan else (frozenset(), frozenset())
        verified = trial.verify(situation, place, discards, recorded)
        wrong = (*trial.drift_of(verified), *(f"{table} loses rows" for table in verified.rows_lost))
        if wrong:
            raise CannotTell(f"the fix works, its script does not: {wrong[0]}", "migsim run")
    return text


def _guards(situation: Situation, plan: Plan | None, place: Address) -> Guards:
    """The state of the clone before the first step."""
    schema = situation.database.history.schema_name if situation.database.history.kind == "table" else None
    query = script.state_query(sorted(set(_relations(situation, plan))), schema)
    with database.connect(place) as connection, connection.transaction():
        connection.execute("SET LOCAL search_path = pg_catalog")
        state = script.state_of(connection.execute(query.encode()).fetchall())
    return Guards(
        query=query,
        state=state,
        pending=situation.pending,
        files=situation.code.files,
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
