"""What a database holds and what a survey of it met, put together with the reference to one situation.

Both are read on databases of their own, which are dropped once they have been looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from simulator.baseline.sandbox import Sandbox
from simulator.findings import effects, history_table, migration_files, sequences
from simulator.findings.assembly import assemble
from simulator.findings.graph import app_of
from simulator.findings.situation import CodeFacts, DatabaseFacts, Reference, Situation, SurveyFacts
from simulator.model import Delta, Existing, Fact, Failure, History, Met, MigrationFile, Phase, Survey, Trace
from simulator.postgres import beside, database
from simulator.postgres.catalog import Catalog
from simulator.postgres.sqlstate import DUPLICATE_TABLE

Tier = Literal["data", "schema"]
Rows = Mapping[int, database.TableRows]  # by OID


@dataclass(frozen=True)
class Seen:
    """What a survey saw on one clone."""

    database: DatabaseFacts
    survey: SurveyFacts
    files: Mapping[str, MigrationFile]
    history: History
    django: str = ""  # its version


def reference(sandbox: Sandbox, seen: Seen, schemas: Sequence[str] = ()) -> tuple[dict[str, Delta], Reference]:
    """What the code builds from nothing. ``schemas``: who runs the server has made those beforehand."""
    with sandbox.empty(_to_make(sandbox, schemas)) as databases:
        if sandbox.shared is not None and not _is_shared(sandbox, seen):
            sandbox.shared.migrate(sandbox.code, databases, checks=False)
        trace = _within(sandbox, sandbox.rehearsals.reference(sandbox.code, databases, tuple(_recorded_in_part(seen))))
    failure = trace.failure
    if failure is None and not trace.complete:
        failure = Failure(
            "", "its process ended before it could report", Phase.SETTINGS, sandbox=trace.ended or "it died"
        )
    found = effects.reference_of(trace.deltas, failure)
    return effects.by_migration(trace.deltas), replace(found, schemas=tuple(schemas))


def _to_make(sandbox: Sandbox, schemas: Sequence[str]) -> tuple[str, ...]:
    own = () if sandbox.schema in (None, "public") else (sandbox.schema,)
    return tuple(dict.fromkeys((*schemas, *own)))


def _is_shared(sandbox: Sandbox, seen: Seen) -> bool:
    """Whether it is the schema that all share, which the project works in where nothing says another."""
    return sandbox.schema == seen.database.shared_schema


def _within(sandbox: Sandbox, trace: Trace) -> Trace:
    """What it tells of the schema that is looked at."""
    if sandbox.schema is None:
        return trace

    def own(facts: frozenset[Fact]) -> frozenset[Fact]:
        return frozenset(fact for fact in facts if fact.schema == sandbox.schema)

    return replace(trace, deltas=tuple(Delta(one.migration, own(one.added), own(one.removed)) for one in trace.deltas))


def schemas_of(catalog: Catalog) -> tuple[str, ...]:
    return tuple(sorted(fact.schema for fact in catalog if fact.kind == "schema"))


def _recorded_in_part(seen: Seen) -> Iterator[str]:
    """Squashes that migrate leaves out, and runs the rest of what they replace."""
    known = {row.name for row in seen.database.history.rows}
    for file in seen.files.values():
        in_part = known.intersection(file.replaces) and not known.issuperset(file.replaces)
        if in_part and seen.files.keys() >= set(file.replaces):
            yield file.name


def look(sandbox: Sandbox, history: History | None, tier: Tier, first: Sequence[str] = ()) -> Seen:
    """On a clone that is read first.

    ``history`` is what the plain rehearsal said of it; ``first``: statements that get it past what stopped it.
    """
    known = history.schemas if history else None
    with sandbox.clone() as databases:
        place = sandbox.address(databases)
        with database.connect(place) as connection:
            for statement in first:
                connection.execute(statement.encode())
            before = _of_schema(database.count_rows(connection), sandbox.schema)
            facts = _database_facts(connection, sandbox, known, before, tier)
        trace = _within(sandbox, sandbox.rehearsals.survey(sandbox.code, databases))
        with database.connect(place) as connection:
            after = _of_schema(database.count_rows(connection), sandbox.schema)
            held = _held(connection, trace)
    return Seen(
        database=facts,
        survey=_survey_facts(sandbox, trace, held, before, after),
        files={file.name: file for file in trace.files},
        history=trace.history or history or History(),
        django=trace.versions.get("django", ""),
    )


def _of_schema(rows: Rows, schema: str | None) -> Rows:
    return {oid: one for oid, one in rows.items() if schema is None or one.name.startswith(f"{schema}.")}


def _database_facts(
    connection: database.Connection, sandbox: Sandbox, schemas: Sequence[str] | None, rows: Rows, tier: Tier
) -> DatabaseFacts:
    """``schemas``: where the project looks for its tables, if that is known."""
    restores, schema = sandbox.baseline.restores, sandbox.schema
    shared = history_table.history_table(connection, sandbox.user, schemas)
    own = history_table.history_table(connection, sandbox.user, [schema]) if schema is not None else shared
    return DatabaseFacts(
        catalog=database.read_catalog(connection).within(schema),
        schema=schema,
        shared_schema=shared.schema_name,
        history=own if schema is None else replace(own, elsewhere=()),
        content_types=history_table.content_types(connection, sandbox.user, schemas),
        rows={table.name: table.rows for table in rows.values()},
        tables={oid: table.name for oid, table in rows.items()},
        owners=database.owners(connection),
        behind=tuple(one for one in sequences.behind(connection) if schema in (None, one.schema)),
        members=database.extension_members(connection),
        beside=beside.statements(connection),
        role=sandbox.user,
        superuser=sandbox.baseline.role.superuser,
        tier=tier,
        restored_over_data=any(one.over_data and not one.by_hand for one in restores),
        restore_failed=any(one.errors and not one.over_data for one in restores),
    )


def _survey_facts(
    sandbox: Sandbox, trace: Trace, held: Mapping[str, Existing], before: Rows, after: Rows
) -> SurveyFacts:
    catalogs, survey = effects.reference_of(trace.deltas, None), trace.survey or Survey()
    return SurveyFacts(
        met=(*map(Met, sandbox.baseline.errors), *survey.met),
        ran=survey.ran,
        code_runs=survey.code_runs,
        after=catalogs.after,
        end=catalogs.final,
        held=held,
        # What the migrations themselves delete is no loss of a fix's.
        rows_kept={one.name: min(one.rows, after[oid].rows if oid in after else 0) for oid, one in before.items()},
        stopped=trace.failure,
    )


def _held(connection: database.Connection, trace: Trace) -> dict[str, Existing]:
    """What holds the names that a survey collided with, whosever it is."""
    met = trace.survey.met if trace.survey else ()
    names = sorted(
        {one.failure.relation for one in met if one.failure.sqlstate == DUPLICATE_TABLE and one.failure.relation}
    )
    return {name: held[0] for name in names if (held := database.holders(connection, name))}


def situation(
    sandbox: Sandbox, failure: Failure, seen: Seen, reference: Reference, deltas: Mapping[str, Delta]
) -> Situation:
    """All that was seen, and what the code's repository has to say of it."""
    pending = [seen.files[name] for name in seen.history.pending if name in seen.files]
    files = tuple(seen.files.values())
    code = CodeFacts(
        files=seen.files,
        texts=migration_files.texts(sandbox.code, pending),
        edits=migration_files.edited_after(sandbox.code, files, seen.database.history.rows),
        django=seen.django,
    )
    found = assemble(failure, seen.history, seen.database, seen.survey, code, reference, deltas)
    apps = {app_of(one.failure.migration) for one in found.roots if one.failure.migration}
    git = migration_files.git_traces(sandbox.code, seen.history.not_on_disk, apps=tuple(apps), files=files)
    return replace(found, code=replace(code, git=git))
