"""What a database holds and what a survey of it met, put together with the reference to one situation.

Both are read on databases of their own, which are dropped once they have been looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from simulator.baseline.sandbox import Sandbox
from simulator.findings import effects, history_table, migration_files, roots, sequences
from simulator.findings.graph import app_of
from simulator.findings.situation import BehindSequence, HistoryTable, Reference, Situation
from simulator.model import Delta, Existing, Failure, History, Met, MigrationFile, Phase, Survey, Trace
from simulator.postgres import database
from simulator.postgres.catalog import Catalog
from simulator.postgres.sqlstate import DUPLICATE_TABLE


@dataclass(frozen=True)
class Seen:
    """What the baseline held, and what a survey of it met."""

    baseline: Catalog
    table: HistoryTable
    content_types: frozenset[str] | None
    owners: Mapping[str, str]
    rows: Mapping[str, int]
    tables: Mapping[int, str]
    behind: tuple[BehindSequence, ...]
    survey: Survey
    files: Mapping[str, MigrationFile]
    surveyed: Mapping[str, Catalog]
    end: Catalog
    held: Mapping[str, Existing]
    rows_kept: Mapping[str, int]
    history: History
    stopped: Failure | None  # what ended the survey before its end


def reference(sandbox: Sandbox, seen: Seen, schemas: Sequence[str] = ()) -> tuple[dict[str, Delta], Reference]:
    """What the code builds from nothing. ``schemas``: who runs the server has made those beforehand."""
    with sandbox.empty(schemas) as databases:
        trace = sandbox.rehearsals.reference(sandbox.code, databases, tuple(_recorded_in_part(seen)))
    failure = trace.failure
    if failure is None and not trace.complete:
        failure = Failure(
            "", "its process ended before it could report", Phase.SETTINGS, sandbox=trace.ended or "it died"
        )
    found = effects.reference_of(trace.deltas, failure)
    return effects.by_migration(trace.deltas), replace(found, schemas=tuple(schemas))


def schemas_of(catalog: Catalog) -> tuple[str, ...]:
    return tuple(sorted(fact.schema for fact in catalog if fact.kind == "schema"))


def _recorded_in_part(seen: Seen) -> Iterator[str]:
    """Squashes that migrate leaves out, and runs the rest of what they replace."""
    known = {row.name for row in seen.table.rows}
    for file in seen.files.values():
        in_part = known.intersection(file.replaces) and not known.issuperset(file.replaces)
        if in_part and seen.files.keys() >= set(file.replaces):
            yield file.name


def look(sandbox: Sandbox, history: History | None, first: Sequence[str] = ()) -> Seen:
    """On a clone that is read first.

    ``history`` is what the plain rehearsal said of it; ``first``: statements that get it past what stopped it.
    """
    known = history.schemas if history else None
    with sandbox.clone() as databases:
        place = sandbox.address(databases)
        with database.connect(place) as connection:
            for statement in first:
                connection.execute(statement.encode())
            baseline = database.read_catalog(connection)
            rows = database.count_rows(connection)
            owners = database.owners(connection)
            table = history_table.history_table(connection, sandbox.user, known)
            content_types = history_table.content_types(connection, sandbox.user, known)
            behind = sequences.behind(connection)
        trace = sandbox.rehearsals.survey(sandbox.code, databases)
        with database.connect(place) as connection:
            after = database.count_rows(connection)
            held = _held(connection, trace)
    surveyed = effects.reference_of(trace.deltas, None)
    return Seen(
        baseline=baseline,
        table=table,
        content_types=content_types,
        owners=owners,
        rows={table.name: table.rows for table in rows.values()},
        tables={oid: table.name for oid, table in rows.items()},
        behind=behind,
        survey=trace.survey or Survey(),
        files={file.name: file for file in trace.files},
        surveyed=surveyed.after,
        end=surveyed.final,
        held=held,
        # What the migrations themselves delete is no loss of a fix's.
        rows_kept={table.name: min(table.rows, after[oid].rows if oid in after else 0) for oid, table in rows.items()},
        history=trace.history or history or History(),
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
    sandbox: Sandbox,
    tier: Literal["data", "schema"],
    failure: Failure,
    deltas: Mapping[str, Delta],
    reference: Reference,
    seen: Seen,
) -> Situation:
    history, restores, role = seen.history, sandbox.baseline.restores, sandbox.baseline.role
    done = effects.effects(deltas, _unapplied(history, reference), seen.baseline) if reference.complete else {}
    ground = roots.Ground(
        baseline=seen.baseline,
        reference=reference,
        effects=done,
        files=seen.files,
        applied=frozenset(history.applied),
        rows=seen.rows,
        owners=seen.owners,
        surveyed=seen.end,
        held=seen.held,
    )
    met = [*(Met(error) for restore in restores for error in restore.errors), *seen.survey.met]
    pending = [name for name in history.pending if name in seen.files]
    found = roots.find(failure, met, ground)
    return Situation(
        failure=failure,
        findings=found,
        history=history,
        table=seen.table,
        files=seen.files,
        baseline=seen.baseline,
        reference=reference,
        effects=done,
        surveyed=seen.surveyed,
        at_end=None if seen.stopped else seen.end,
        ran=seen.survey.ran,
        code_runs=seen.survey.code_runs,
        content_types=seen.content_types,
        rows=seen.rows,
        rows_kept=seen.rows_kept,
        tables=seen.tables,
        owners=seen.owners,
        behind=seen.behind,
        git=migration_files.git_traces(
            sandbox.code,
            history.not_on_disk,
            apps=tuple({app_of(one.failure.migration) for one in found if one.root and one.failure.migration}),
            files=tuple(seen.files.values()),
        ),
        edits=migration_files.edited_after(sandbox.code, tuple(seen.files.values()), seen.table.rows),
        texts=migration_files.texts(sandbox.code, [seen.files[name] for name in pending]),
        restored_over_data=any(one.over_data and not one.by_hand for one in restores),
        restore_failed=any(not restore.over_data and restore.errors for restore in restores),
        role=role.project_user,
        superuser=role.superuser,
        tier=tier,
    )


def _unapplied(history: History, reference: Reference) -> Sequence[str]:
    """The plan, and what migrate leaves out of it: what lies beneath a leaf that is recorded."""
    return tuple(dict.fromkeys((*history.pending, *(name for name in reference.after if name not in history.applied))))
