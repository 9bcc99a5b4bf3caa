"""Situations by hand: a blog of three migrations, and a database on which one of them fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from simulator import causes
from simulator.findings import effects
from simulator.findings.assembly import assemble
from simulator.findings.case import Case
from simulator.findings.situation import (
    CodeFacts,
    DatabaseFacts,
    HistoryRow,
    HistoryTable,
    Reference,
    Situation,
    SurveyFacts,
)
from simulator.model import Cause, Delta, Fact, Failure, History, Met, MigrationFile, MigrationOperation, Phase
from simulator.postgres.catalog import Catalog
from tests.support.facts import catalog, column, delta, index, table

INITIAL, TAG, SLUG = "blog.0001_initial", "blog.0002_tag", "blog.0003_slug"
BLOG = (INITIAL, TAG, SLUG)


def key(relation: str) -> Fact:
    return Fact("constraint", "public", relation, f"{relation}_pkey", ("primary key", "PRIMARY KEY (id)", "VALID"))


def foreign_key(relation: str, name: str, more: str = " DEFERRABLE INITIALLY DEFERRED") -> Fact:
    return Fact(
        "constraint", "public", relation, name, ("foreign key", f"FOREIGN KEY (x) REFERENCES y(id){more}", "VALID")
    )


POSTS = (table("blog_post"), column("blog_post", "id", "bigint"), column("blog_post", "title"), key("blog_post"))
TAGS = (
    *(table("blog_tag"), column("blog_tag", "id", "bigint"), column("blog_tag", "name"), key("blog_tag")),
    foreign_key("blog_tag", "blog_tag_post_id_5e6f7a8b_fk_blog_post_id"),
    index("blog_tag", "blog_tag_name_1a2b3c4d", "name"),
)
SLUGS = (column("blog_post", "slug", "varchar(40)"),)
DELTAS = (delta(INITIAL, *POSTS), delta(TAG, *TAGS), delta(SLUG, *SLUGS))


def create(name: str, model: str) -> MigrationOperation:
    app, _dot, own = model.partition(".")
    return MigrationOperation("CreateModel", f"Create model {name}", model=model, table=f"{app}_{own}")


def operation(kind: str, text: str, table_: str = "blog_post", *, code: bool = False) -> MigrationOperation:
    return MigrationOperation(kind, text, runs_code=code, model=table_.replace("_", ".", 1), table=table_)


def file(name: str, *operations: MigrationOperation, parents: tuple[str, ...] = (), **more: Any) -> MigrationFile:
    app, _dot, own = name.partition(".")
    given = {"path": f"{app}/migrations/{own}.py", **more}
    return MigrationFile(name, parents=parents, operations=operations, **given)


FILES = (
    file(INITIAL, create("Post", "blog.post"), initial=True),
    file(TAG, create("Tag", "blog.tag"), parents=(INITIAL,)),
    file(SLUG, operation("AddField", "Add field slug to post"), parents=(TAG,)),
)


def with_file(changed: MigrationFile) -> tuple[MigrationFile, ...]:
    """The blog's, one of them otherwise or another one added."""
    others = [one for one in FILES if one.name != changed.name]
    return (*others, changed)


def failure(migration: str | None, sqlstate: str | None = "42P07", relation: str | None = None, **more: Any) -> Failure:
    given = {"exception": "django.db.utils.ProgrammingError", "message": "m", "phase": Phase.OPERATION, **more}
    return Failure(**given, migration=migration, sqlstate=sqlstate, relation=relation)


TAG_EXISTS = failure(TAG, relation="blog_tag", operation="Create model Tag", sql='CREATE TABLE "blog_tag" ()')
TAG_DEFERRED = failure(TAG, relation="blog_tag_name_1a2b3c4d", phase=Phase.DEFERRED)
SLUG_EXISTS = failure(
    SLUG,
    "42701",
    "blog_post",
    column_name="slug",
    operation="Add field slug to post",
    sql='ALTER TABLE "blog_post" ADD COLUMN "slug" varchar(40)',
)


def history(*names: str, gap: int = 0, **more: Any) -> HistoryTable:
    """A table with a row of each; ``gap``: as many rows were deleted since."""
    rows = tuple(
        HistoryRow(number, name, f"2026-01-{number:02}T00:00:00+00:00") for number, name in enumerate(names, 1)
    )
    given = {"kind": "table", "schema_name": "public", "owner": "app", "next_id": len(rows) + 1 + gap, "rows": rows}
    return HistoryTable(**{**given, **more})


def assembled(
    met: Sequence[Failure],
    standing: Catalog,
    pending: Sequence[str],
    *,
    files: Mapping[str, MigrationFile],
    deltas: Iterable[Delta],
    reference: Reference | None = None,
    history: History | None = None,
    failure: Failure | None = None,
    **facts: Any,
) -> Situation:
    """The product's own assembly of facts: any field of the database's, the survey's or the code's, by its name.

    ``failure`` is the plain rehearsal's; None: the first of those ``met``.
    ``table`` is the history's own.
    """
    deltas = tuple(deltas)
    given = {"catalog": standing, "met": tuple(map(Met, met)), "end": standing, "files": files, **facts}
    if table_ := given.pop("table", None):
        given["history"] = table_
    groups = (DatabaseFacts, SurveyFacts, CodeFacts)
    names = [{field.name for field in fields(group)} for group in groups]
    assert set().union(*names) >= given.keys(), given.keys()
    database, survey, code = (
        group(**{name: value for name, value in given.items() if name in own})
        for group, own in zip(groups, names, strict=True)
    )
    return assemble(
        failure or met[0],
        history or History(pending=tuple(pending), applied=tuple(name for name in files if name not in pending)),
        database,
        survey,
        code,
        reference or effects.reference_of(deltas, None),
        effects.by_migration(deltas),
    )


def situation(
    *met: Failure,
    standing: Iterable[Fact] | Catalog = POSTS,
    applied: Sequence[str] = (INITIAL,),
    files: Sequence[MigrationFile] = FILES,
    deltas: Sequence[Delta] = DELTAS,
    renamed: Mapping[str, str] | None = None,
    **more: Any,
) -> Situation:
    """The survey met those failures on what stands there. ``applied`` may name what is not on disk."""
    on_disk = {one.name: one for one in files}
    pending = tuple(name for name in sorted(on_disk) if name not in applied)
    told = History(
        recorded=len(applied),
        applied=tuple(name for name in applied if name in on_disk),
        pending=pending,
        not_on_disk=tuple(name for name in applied if name not in on_disk),
        renamed=renamed or {},
    )
    return assembled(
        met,
        standing if isinstance(standing, Catalog) else catalog(*standing),
        pending,
        files=on_disk,
        deltas=deltas,
        **{"history": told, "table": history(*applied), "role": "app", **more},
    )


def broken(at: Failure, *deltas: Delta) -> Reference:
    """A reference that came as far as ``deltas`` and failed."""
    return replace(effects.reference_of(deltas, at), complete=False)


def cause(*met: Failure, root: int = 0, **more: Any) -> Cause:
    """What is said of a root, the first if nothing else is asked."""
    where = situation(*met, **more)
    return causes.name_cause(Case(where, where.roots[root]))


def named(*met: Failure, **more: Any) -> tuple[str, str]:
    """Its id and how sure it is."""
    found = cause(*met, **more)
    return (found.id, found.confidence)
