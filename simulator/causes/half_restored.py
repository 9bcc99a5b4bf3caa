"""A restore that stopped before it made keys and constraints, which a dump has at its end."""

from __future__ import annotations

from simulator.causes import facts, words
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding, Phase
from simulator.postgres.sqlstate import INVALID_FOREIGN_KEY

ID = "half-restored"
TITLE = "restored only in part"


def explain(situation: Situation, root: Finding) -> Cause | None:
    if root.failure.phase is Phase.RESTORE:
        said = f"the restore met {root.failure.sqlstate or root.failure.exception}: {root.failure.message}"
        return Cause(ID, TITLE, "certain", (said,))
    bare = facts.tables_without_key(situation)
    about = facts.own_collision(root) or root.failure.sqlstate == INVALID_FOREIGN_KEY
    whole = _is_bare(root, bare) and _has_its_columns(situation, root)
    if not about or not bare or not (whole or situation.database.restore_failed):
        return None
    evidence = [f"{words.count(len(bare), 'table')} without the primary key that the code makes: {words.listed(bare)}"]
    if situation.database.restore_failed:
        evidence.insert(0, "the restore printed errors")
    evidence += words.effects(facts.name_of(root), facts.effects_of(situation, root))
    return Cause(ID, TITLE, "certain" if situation.database.restore_failed else "likely", tuple(evidence))


def _is_bare(root: Finding, bare: tuple[str, ...]) -> bool:
    """Whether the root is about one of those tables."""
    standing = root.existing
    here = {standing.table_name, standing.name} if standing else {root.failure.table_name, root.failure.relation}
    return any(table.partition(".")[2] in here for table in bare)


def _has_its_columns(situation: Situation, root: Finding) -> bool:
    """A dump makes tables with their columns first; one that was made by hand or copied has them otherwise."""
    effects = facts.effects_of(situation, root)
    if effects is None or root.existing is None:
        return True
    lacking = effects.absent | {wanted for _standing, wanted in effects.different}
    return not any(fact.kind == "column" and fact.relation == root.existing.name for fact in lacking)
