"""What a survey met -> findings: what stands in the way, and which are roots, which the cascades of others.

A root still stops migrate when every other root is mended. So of what one migration collides with, everything that
recording it as applied would settle is one root, and each thing of another kind that holds a name it wants is a root of
its own; what is missing only because of a root before it is that root's cascade.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from simulator.findings.case import IN_MIGRATION, Case
from simulator.findings.graph import ancestors
from simulator.findings.situation import Situation
from simulator.model import (
    Existing,
    Fact,
    Failure,
    Finding,
    MigrationOperation,
    Phase,
    Shape,
)
from simulator.postgres import shape
from simulator.postgres.catalog import Catalog
from simulator.postgres.sqlstate import (
    ABSENT,
    DUPLICATE_COLUMN,
    DUPLICATE_SCHEMA,
    DUPLICATE_TABLE,
    DUPLICATES,
    IN_FAILED_SQL_TRANSACTION,
    INSUFFICIENT_PRIVILEGE,
    INVALID_TABLE_DEFINITION,
    OBJECT_IN_USE,
    UNDEFINED_COLUMN,
    UNDEFINED_TABLE,
    WRONG_OBJECT_TYPE,
)

# A message names what collided and of which kind, where no field does: type "mood" already exists.
_NAMED = re.compile(r'\A(?P<kind>[a-z ]+?) "(?P<name>[^"]+)"')
_RELATIONS = ("relation", "index", "constraint", "type")


def with_findings(situation: Situation) -> Situation:
    """The same with every finding in the order met, numbered from 1; the plain rehearsal's is always among them."""
    failure, found = situation.failure, [one.failure for one in situation.survey.met]
    position = next((place for place, other in enumerate(found) if _same(failure, other)), None)
    if position is None:
        found.insert(0, failure)
    else:
        found[position] = failure
    findings: list[Finding] = []
    for number, each in enumerate(_distinct(found), 1):
        standing = existing(each, situation)
        kind = standing.kind if standing else None
        finding = Finding(id=number, failure=each, existing=standing, relation_kind=kind)
        root = _root_of(finding, findings, situation)
        findings.append(replace(finding, root=root is None, cascade_of=root.id if root else None))
    return replace(situation, findings=tuple(findings))


def _same(one: Failure, other: Failure) -> bool:
    """Whether two rehearsals met the same thing."""
    fields = ("phase", "migration", "sqlstate", "relation", "column_name")
    return all(getattr(one, name) == getattr(other, name) for name in fields)


def _distinct(failures: Iterable[Failure]) -> Iterable[Failure]:
    seen = set()
    for each in failures:
        mark = (each.phase, each.migration, each.operation, each.sqlstate, each.relation, each.sql, each.message)
        if mark not in seen:
            seen.add(mark)
            yield each


# --- what stands there ---------------------------------------------------------------------------


def existing(failure: Failure, situation: Situation) -> Existing | None:
    """What holds the name that the failed statement wanted; None where nothing was in the way."""
    if failure.sqlstate not in DUPLICATES and failure.sqlstate != WRONG_OBJECT_TYPE:
        return None
    wanted_in = _wanted_in(failure, situation)
    for catalog in (situation.database.catalog, situation.survey.end):
        holder = _holder(failure, catalog, wanted_in)
        if holder is not None:
            found = _described(holder, failure, catalog, wanted_in, situation)
            return None if failure.sqlstate == WRONG_OBJECT_TYPE and found.shape is not Shape.OTHER_KIND else found
    return _of_nobodys_catalog(failure, situation)


def _of_nobodys_catalog(failure: Failure, situation: Situation) -> Existing | None:
    """An extension's relation, or a column's own sequence: neither is a migration's to alter or to move."""
    held = situation.survey.held.get(failure.relation or "") if failure.sqlstate == DUPLICATE_TABLE else None
    if held is None:
        return None
    whose = f"it belongs to the extension {held.extension}" if held.extension else "a column owns it"
    return replace(held, shape=Shape.OTHER_KIND, differences=(whose,))


def _wanted_in(failure: Failure, situation: Situation) -> Catalog:
    if not situation.reference.complete:
        return Catalog()
    return situation.reference.after.get(failure.migration or "", situation.reference.final)


def _holder(failure: Failure, catalog: Catalog, wanted: Catalog) -> Fact | None:
    if failure.sqlstate == DUPLICATE_COLUMN:
        return _first(_on(catalog, failure.relation, "column", failure.column_name), failure, wanted)
    if failure.sqlstate == INVALID_TABLE_DEFINITION:
        keys = [fact for fact in _on(catalog, failure.relation, "constraint") if fact.definition[0] == "primary key"]
        return _first(keys, failure, wanted)
    if failure.sqlstate in (DUPLICATE_TABLE, WRONG_OBJECT_TYPE):
        named = [fact for fact in catalog if shape.has_relation_name(fact, failure.relation or "")]
        return _first(named, failure, wanted)
    if failure.constraint_name:
        found = _on(catalog, failure.table_name or failure.relation, "constraint", failure.constraint_name)
        if found:
            return _first(found, failure, wanted)
    said = _NAMED.match(failure.message)
    if said is None:
        return None
    kind, name = said["kind"].split()[-1], said["name"]
    if failure.sqlstate == DUPLICATE_SCHEMA:
        kind = "schema"
    found = [fact for fact in catalog if fact.kind == kind and _own_name(fact).split("(")[0] == name]
    return _first(found, failure, wanted)


def _on(catalog: Catalog, relation: str | None, kind: str, name: str | None = None) -> list[Fact]:
    return [
        fact
        for fact in catalog
        if fact.kind == kind and fact.relation == relation and (name is None or fact.name == name)
    ]


def _own_name(fact: Fact) -> str:
    return fact.name or fact.relation or fact.schema


def _first(found: Sequence[Fact], failure: Failure, wanted: Catalog) -> Fact | None:
    """The one in the schema that the statement meant: as it said, as the reference has it, else public's."""
    if failure.schema_name:
        found = [fact for fact in found if fact.schema == failure.schema_name] or found
    if len(found) > 1:
        meant = {fact.schema for fact in wanted if _own_name(fact) == _own_name(found[0])}
        found = sorted(found, key=lambda fact: (fact.schema not in meant, fact.schema != "public", fact.schema))
    return found[0] if found else None


def _described(holder: Fact, failure: Failure, catalog: Catalog, wanted_in: Catalog, situation: Situation) -> Existing:
    wanted = _wanted(holder, failure, wanted_in)
    place = f"{holder.schema}.{holder.relation}" if holder.relation else ""
    verdict: tuple[Shape | None, tuple[str, ...], tuple[str, ...]] = (None, (), ())
    if wanted is not None and wanted.kind == holder.kind == "relation":
        verdict = shape.compare(catalog, wanted_in, holder.schema, holder.relation)
    elif wanted is not None:
        verdict = shape.compare_one(holder, wanted)
    elif situation.reference.complete:
        verdict = (Shape.OTHER_KIND, (), ())
    what, differences, benign = verdict
    return Existing(
        kind=shape.kind_word(holder),
        name=_own_name(holder),
        schema_name=holder.schema or None,
        table_name=holder.relation if holder.kind != "relation" and holder.relation else None,
        shape=what,
        differences=differences,
        benign=benign,
        owner=situation.database.owners.get(place),
        rows=situation.database.rows.get(place),
        valid="INVALID" not in holder.definition,
    )


def _wanted(holder: Fact, failure: Failure, wanted_in: Catalog) -> Fact | None:
    """What the migration would have made under that name; of another kind, or on another table, perhaps."""
    same = wanted_in.like(holder)
    if same is not None or holder.kind not in _RELATIONS:
        return same
    name = _own_name(holder)
    named = [fact for fact in wanted_in if fact.schema == holder.schema and shape.has_relation_name(fact, name)]
    if named:
        return named[0]
    if holder.kind == "constraint" and failure.sqlstate == INVALID_TABLE_DEFINITION:
        keys = _on(wanted_in, holder.relation, "constraint")
        return next((fact for fact in keys if fact.definition[0] == "primary key"), None)
    return None


# --- roots and cascades --------------------------------------------------------------------------


def _root_of(finding: Finding, before: Sequence[Finding], situation: Situation) -> Finding | None:
    """The earlier root whose mend settles this one too; None: it is a root itself."""
    roots = [one for one in before if one.root]
    for rule in RULES:
        root = rule(finding, roots, situation)
        if root is not None:
            return root
    return None


def _same_migration(finding: Finding, roots: Sequence[Finding], situation: Situation) -> Finding | None:
    """What recording one migration as applied settles. A thing of another kind would still be in the way."""
    failure = finding.failure
    if failure.phase not in IN_MIGRATION:
        return None
    for root in roots:
        if root.failure.migration != failure.migration or root.failure.phase not in IN_MIGRATION:
            continue
        blocked = Case(situation, finding).blocked_by_foreign_object
        recorded = not blocked and Case(situation, root).recording_settles_it
        again = failure.sqlstate == OBJECT_IN_USE == root.failure.sqlstate
        if recorded or _works_on(finding, root) or failure.sqlstate == IN_FAILED_SQL_TRANSACTION or again:
            return root
    return None


def _works_on(finding: Finding, root: Finding) -> bool:
    """An index on what is a view, a column of a table that is not there."""
    name = finding.failure.table_name or finding.failure.relation
    missing = root.failure.relation if root.failure.sqlstate == UNDEFINED_TABLE else None
    held = root.existing.name if root.existing else missing
    return name is not None and name == held and finding.failure.sqlstate not in DUPLICATES


def _missing_because(finding: Finding, roots: Sequence[Finding], situation: Situation) -> Finding | None:
    """Something is not there, or not as it should be, on a relation that an earlier root is about."""
    failure = finding.failure
    state = failure.sqlstate or ""
    if not (
        state in ABSENT or (state.startswith("42") and state not in DUPLICATES and state != INSUFFICIENT_PRIVILEGE)
    ):
        return None
    for root in roots:
        standing = root.existing
        as_wanted = standing is not None and standing.shape in (Shape.SAME, Shape.SUPERSET)
        if not as_wanted and _relation(root) is not None and _relation(root) == _relation(finding):
            if standing is None and state == UNDEFINED_COLUMN and root.failure.column_name != failure.column_name:
                continue  # each missing column of a table is a root
            return root
    maker = _maker(failure, situation)
    return next((root for root in roots if maker and root.failure.migration == maker), None)


def _looked_for_in_vain(finding: Finding, roots: Sequence[Finding], situation: Situation) -> Finding | None:
    """A table that stands in another schema, as that of an earlier root: one search_path mends both."""
    schemas = _standing_elsewhere(finding.failure, situation)
    return next((root for root in roots if schemas & _standing_elsewhere(root.failure, situation)), None)


def _standing_elsewhere(failure: Failure, situation: Situation) -> set[str]:
    """The schemas that have the missing table, where it is not in the one that the code would make it in."""
    if failure.sqlstate != UNDEFINED_TABLE or not failure.relation:
        return set()
    standing = situation.database.catalog.schemas_with(failure.relation)
    return set() if standing & situation.reference.final.schemas_with(failure.relation) else standing


def _maker(failure: Failure, situation: Situation) -> str | None:
    """The pending migration that makes what is missing, by the reference."""
    for name, effects in situation.effects.items():
        for fact in effects.added - effects.present:
            if failure.sqlstate == UNDEFINED_TABLE and fact.kind == "relation" and fact.relation == failure.relation:
                return name
            column = fact.kind == "column" and fact.relation == failure.relation and fact.name == failure.column_name
            if failure.sqlstate == UNDEFINED_COLUMN and column:
                return name
    return None


def _relation(finding: Finding) -> str | None:
    if finding.existing is not None and finding.existing.table_name is None:
        return finding.existing.name
    return finding.failure.table_name or finding.failure.relation


def _code_after(finding: Finding, roots: Sequence[Finding], situation: Situation) -> Finding | None:
    """Python code that fails without a word of the server's own, after a root that its migration depends on."""
    failure = finding.failure
    if failure.phase not in IN_MIGRATION or (failure.sqlstate and failure.sqlstate != IN_FAILED_SQL_TRANSACTION):
        return None
    if failure.sqlstate is None and not situation.reference.complete:
        return None
    above = ancestors(failure.migration or "", situation.code.files)
    return next((root for root in roots if root.failure.migration in above), None)


def _after_broken_code(finding: Finding, roots: Sequence[Finding], situation: Situation) -> Finding | None:
    """Where the code fails from nothing, what it has not made is missing to all that comes after."""
    failure, broken = finding.failure, situation.reference.failure
    if broken is None or broken.sandbox or failure.sqlstate in DUPLICATES:
        return None
    where = broken.migration
    follows = failure.phase in (Phase.SMOKE, Phase.POST_MIGRATE) or where in ancestors(
        failure.migration or "", situation.code.files
    )
    same = (root for root in roots if (root.failure.migration, root.failure.phase) == (where, broken.phase))
    return next(same, None) if follows else None


def _recording_again(finding: Finding, roots: Sequence[Finding], _situation: Situation) -> Finding | None:
    """What stops one row of django_migrations from being written stops the next."""
    if finding.failure.phase is not Phase.RECORD:
        return None
    return next((root for root in roots if root.failure.phase is Phase.RECORD), None)


def _after_history(finding: Finding, roots: Sequence[Finding], situation: Situation) -> Finding | None:
    """A parent that is not recorded though its child is: what mends the history settles what it collides with, and
    makes what it has not made."""
    root = next((one for one in roots if one.failure.phase is Phase.PLAN), None)
    if root is None:
        return None
    if _maker(finding.failure, situation) in Case(situation, root).missing_beneath:
        return root
    if finding.failure.phase not in IN_MIGRATION or not Case(situation, finding).recording_settles_it:
        return None
    own = finding.failure.migration or ""
    return root if any(own in ancestors(name, situation.code.files) for name in situation.history.applied) else None


def _unreadable(finding: Finding, roots: Sequence[Finding], situation: Situation) -> Finding | None:
    """A model that can't be read, a receiver that fails: for what an earlier root is about."""
    failure = finding.failure
    if failure.phase not in (Phase.SMOKE, Phase.POST_MIGRATE, Phase.PRE_MIGRATE):
        return None
    for root in roots:
        if root.failure.phase is failure.phase and _about(root.failure) == _about(failure):
            return root
        if _relation(root) is not None and _relation(root) == _relation(finding) and failure.sqlstate in ABSENT:
            return root
        tables = {operation.table for operation in _operations(root.failure.migration, situation)}
        if failure.relation in tables:
            return root
    return None


def _about(failure: Failure) -> tuple[str | None, ...]:
    return (failure.sqlstate, failure.relation, failure.constraint_name, failure.column_name)


def _operations(migration: str | None, situation: Situation) -> tuple[MigrationOperation, ...]:
    file = situation.code.files.get(migration or "")
    return file.operations if file else ()


# In this order: the nearest explanation first.
RULES = (
    _recording_again,
    _same_migration,
    _after_history,
    _missing_because,
    _looked_for_in_vain,
    _code_after,
    _after_broken_code,
    _unreadable,
)
