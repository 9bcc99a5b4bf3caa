"""A restore that stopped before it made keys and constraints, which a dump has at its end."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings import origins
from simulator.findings.case import Case
from simulator.model import Cause, Finding, Phase
from simulator.postgres.sqlstate import INVALID_FOREIGN_KEY
from simulator.wording import count, listed

ID = "half-restored"
TITLE = "restored only in part"


def explain(case: Case) -> Cause | None:
    if case.failure.phase is Phase.RESTORE:
        said = f"the restore met {case.failure.sqlstate or case.failure.exception}: {case.failure.message}"
        return Cause(ID, TITLE, "certain", (said,))
    bare = origins.tables_without_key(case.situation)
    about = case.may_be_own_work or case.failure.sqlstate == INVALID_FOREIGN_KEY
    whole = _is_bare(case.root, bare) and _has_its_columns(case)
    if not about or not bare or not (whole or case.situation.database.restore_failed):
        return None
    evidence = [f"{count(len(bare), 'table')} without the primary key that the code makes: {listed(bare)}"]
    if case.situation.database.restore_failed:
        evidence.insert(0, "the restore printed errors")
    evidence += words.effects(case.migration, case.effects)
    return Cause(ID, TITLE, "certain" if case.situation.database.restore_failed else "likely", tuple(evidence))


def _is_bare(root: Finding, bare: tuple[str, ...]) -> bool:
    """Whether the root is about one of those tables."""
    standing = root.existing
    here = {standing.table_name, standing.name} if standing else {root.failure.table_name, root.failure.relation}
    return any(table.partition(".")[2] in here for table in bare)


def _has_its_columns(case: Case) -> bool:
    """A dump makes tables with their columns first; one that was made by hand or copied has them otherwise."""
    effects = case.effects
    if effects is None or case.root.existing is None:
        return True
    lacking = effects.absent | {wanted for _standing, wanted in effects.different}
    return not any(fact.kind == "column" and fact.relation == case.root.existing.name for fact in lacking)
