"""The recommended fix as a script, rehearsed on clones of its own before anybody gets it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

from simulator.baseline.client_tool import Tool
from simulator.baseline.sandbox import Databases, Sandbox
from simulator.errors import CannotTell
from simulator.findings.situation import Situation
from simulator.host.resources import shipped
from simulator.model import Fix, Outcome, Report
from simulator.postgres import database
from simulator.trials import psql_script, script, script_state, trial
from simulator.trials.plans import Plan
from simulator.trials.script import Files, Measured
from simulator.trials.script_state import State

Language = Literal["sh", "sql"]
_SAID = "migsim: "


def rehearsed(
    fix: Fix, plan: Plan | None, situation: Situation, sandbox: Sandbox, report: Report, language: Language = "sh"
) -> str:
    """The recommended fix as a script.

    Raises CannotTell when that does not do what the fix did, UsageError when it can't be said in that language.
    """
    if language == "sql":
        psql_script.steps_before_migrate(fix)
    folder = shipped("templates")
    files = Files((folder / "fix.sh.j2").read_text(), (folder / "fix_look.py").read_text())
    text = script.draft(report, fix, situation.pending, sandbox.alias, files)
    with sandbox.clone() as databases:
        measured = _Measuring(sandbox, databases, text).measure(fix, _relations(situation, plan))
    text = script.script(report, fix, measured, sandbox.alias, files)
    for_psql = ""
    if language == "sql":
        for_psql = psql_script.psql_script(report, fix, measured, (folder / "fix.sql.j2").read_text())
    with sandbox.clone() as databases:
        if for_psql:
            _done(_psql(sandbox, databases, for_psql))
        _done(sandbox.rehearsals.script(sandbox.code, databases, text, "--yes"))
        discards, recorded = (plan.discards, plan.recorded) if plan else (frozenset(), frozenset())
        verified = trial.verify(situation, sandbox.address(databases), discards, recorded)
        wrong = (*trial.drift_of(verified), *(f"{table} loses rows" for table in verified.rows_lost))
        if wrong:
            raise CannotTell(f"the fix works, its script does not: {wrong[0]}", "migsim run")
        _done(sandbox.rehearsals.script(sandbox.code, databases, text, "--check"))
    return for_psql or text


def _psql(sandbox: Sandbox, databases: Databases, text: str) -> Outcome:
    """As whom the project connects; the deploy's migrate is not in it."""
    tool = Tool(sandbox.environment, databases[sandbox.alias].dbname, sandbox.user)
    return tool.run((sandbox.environment.psql.path, "--no-psqlrc", "--quiet", "--file=-"), BytesIO(text.encode()))


def _done(outcome: Outcome) -> Outcome:
    """Raises CannotTell where it did not exit 0."""
    if outcome.code != 0:
        lines = [line.strip() for line in outcome.stderr.splitlines() if line.strip(" ^")]
        said = next((line for line in lines if "ERROR: " in line), lines[-1] if lines else "it said nothing")
        raise CannotTell(f"the fix works, its script does not (exit code {outcome.code}): {said}", "migsim run")
    return outcome


@dataclass(frozen=True)
class _Measuring:
    """Runs the steps of a draft, one by one, by the functions that the script will have."""

    sandbox: Sandbox
    databases: Databases
    draft: str

    def measure(self, fix: Fix, relations: Iterator[tuple[str, str]]) -> Measured:
        rows = self._rows()
        states, seconds, wrote = [self._state()], [], []
        for number in range(1, len(fix.steps) + 1):
            done = self._call(f"step_{number}")
            seconds.append(done.seconds)
            lines = (line.strip() for line in done.stdout.splitlines() if line.startswith("   "))
            wrote.append(tuple(line for line in lines if line.endswith(" deleted")))
            states.append(self._state())
        shapes = [script_state.quoted(*place) for place in relations]
        return Measured(tuple(states), script_state.compared(states, shapes), tuple(seconds), tuple(wrote), rows)

    def _call(self, command: str) -> Outcome:
        text = script.calling(self.draft, command)
        return _done(self.sandbox.rehearsals.script(self.sandbox.code, self.databases, text))

    def _state(self) -> State:
        mark = f"{_SAID}described "
        for line in self._call("state | program describe").stdout.splitlines():
            if line.startswith(mark):
                return script_state.read(line.removeprefix(mark))
        raise CannotTell("the fix works, its script does not: it can't describe the database", "migsim run")

    def _rows(self) -> Mapping[str, int]:
        with database.connect(self.sandbox.address(self.databases)) as connection:
            return {table.name: table.rows for table in database.count_rows(connection).values()}


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
