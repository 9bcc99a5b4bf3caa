"""What each fix proposes, and that docs/fixes.md speaks of every one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from simulator import fixes
from simulator.findings import effects
from simulator.findings.case import Case
from simulator.findings.situation import BehindSequence, HistoryRow, HistoryTable, Situation
from simulator.model import (
    CodeRun,
    Delta,
    Fact,
    Failure,
    Fix,
    FixOutcome,
    History,
    MigrationFile,
    MigrationOperation,
    Phase,
    Ran,
    Step,
)
from simulator.postgres.catalog import Catalog
from simulator.trials import plans
from tests.support.facts import catalog, column, delta, index, table, unique
from tests.support.situations import assembled

POST, TITLE = table("blog_post"), column("blog_post", "title")
TAG, NAME = table("blog_tag"), column("blog_tag", "name")
SLUG = column("blog_post", "slug", "varchar(40)")
DELTAS = [
    delta("blog.1", POST, TITLE),
    delta("blog.2", TAG, NAME, index("blog_tag", "tag_name", "name")),
    delta("blog.3", SLUG),
]
FILES = {
    f"blog.{number}": MigrationFile(f"blog.{number}", parents=(f"blog.{number - 1}",) if number > 1 else ())
    for number in range(1, 5)
}


def failure(migration: str | None, sqlstate: str | None = "42P07", relation: str | None = None, **more: Any) -> Failure:
    given = {"exception": "E", "message": "m", "phase": Phase.OPERATION, "sql": f"{migration} {relation} {more}"}
    return Failure(**{**given, **more}, migration=migration, sqlstate=sqlstate, relation=relation)


def situation(
    met: list[Failure], standing: Catalog, pending: tuple[str, ...], deltas: list[Delta] = DELTAS, **more: Any
) -> Situation:
    given = {"files": FILES, "table": HistoryTable(kind="table"), "deltas": deltas, **more}
    return assembled(met, standing, pending, **given)


def proposed(where: Situation) -> list[str]:
    return [mend.fix for mend in fixes.mends(Case(where, where.roots[0]))]


def plan(where: Situation) -> list[str]:
    return texts(plans.choices(where, ()).plan().fix)


def texts(fix: Fix) -> list[str]:
    return [" ".join(step.manage) or step.sql or step.person for step in fix.steps]


def test_a_lost_row_is_written_after_what_it_stands_on() -> None:
    standing = catalog(POST, TITLE, TAG, NAME, index("blog_tag", "tag_name", "name"))
    where = situation([failure("blog.2", relation="blog_tag")], standing, ("blog.2", "blog.3"))
    assert proposed(where)[0] == "fake-exactly"
    assert plan(where) == ["migrate blog 2 --fake", "migrate"]


def test_a_whole_history_is_written_up_to_what_is_in_effect() -> None:
    standing = catalog(POST, TITLE, TAG, NAME, index("blog_tag", "tag_name", "name"))
    met = [failure("blog.1", relation="blog_post"), failure("blog.2", relation="blog_tag")]
    where = situation(met, standing, ("blog.1", "blog.2", "blog.3"))
    assert plan(where) == ["migrate blog 2 --fake", "migrate"]


def test_missing_pieces_are_those_that_the_survey_ran() -> None:
    sql = "CREATE INDEX tag_name ON blog_tag (name)"
    where = situation(
        [failure("blog.2", relation="blog_tag")],
        catalog(POST, TITLE, TAG, NAME),
        ("blog.2", "blog.3"),
        ran=(Ran("blog.2", 0, sql, deferred=True),),
        after={"blog.2": effects.reference_of(DELTAS, None).after["blog.2"]},
        rows={"public.blog_tag": 3},
    )
    assert proposed(where)[0] == "complete-and-fake"
    assert plan(where) == [sql, "migrate blog 2 --fake", "migrate"]


@pytest.mark.parametrize(("rows", "tier"), [(1_000_000, "data"), (0, "schema")])
@pytest.mark.parametrize("schema", [None, "tenant"])
def test_on_a_large_table_an_index_is_built_beside_its_writers(rows: int, tier: str, schema: str | None) -> None:
    where = situation(
        [failure("blog.2", relation="blog_tag")],
        catalog(POST, TITLE, TAG, NAME),
        ("blog.2", "blog.3"),
        ran=(Ran("blog.2", 0, "CREATE INDEX tag_name ON blog_tag (name)", deferred=True),),
        after={"blog.2": effects.reference_of(DELTAS, None).after["blog.2"]},
        rows={"public.blog_tag": rows},
        tier=tier,
    )
    where = replace(where, database=replace(where.database, schema=schema))
    concurrently = "CONCURRENTLY " if schema is None else ""
    assert plan(where)[0].endswith(f"CREATE INDEX {concurrently}tag_name ON blog_tag (name)")


def test_a_migration_whose_code_would_still_change_rows_is_not_skipped() -> None:
    where = situation(
        [failure("blog.2", relation="blog_tag")],
        catalog(POST, TITLE, TAG, NAME),
        ("blog.2", "blog.3"),
        code_runs=(CodeRun("blog.2", 1, 7),),
        rows={"public.blog_tag": 3},
    )
    assert not {"complete-and-fake", "alter-and-fake"} & set(proposed(where))


def test_a_table_that_differs_and_is_empty_makes_room() -> None:
    where = situation(
        [failure("blog.2", relation="blog_tag")],
        catalog(POST, TITLE, TAG, column("blog_tag", "name", "integer")),
        ("blog.2", "blog.3"),
        rows={"public.blog_tag": 0},
    )
    assert plan(where) == ['DROP TABLE "blog_tag"', "migrate"]


def test_in_tier_schema_no_table_is_dropped() -> None:
    where = situation(
        [failure("blog.2", relation="blog_tag")],
        catalog(POST, TITLE, TAG, column("blog_tag", "name", "integer")),
        ("blog.2", "blog.3"),
        rows={"public.blog_tag": 0},
        tier="schema",
    )
    assert "drop-leftover" not in proposed(where)


def test_a_table_with_rows_that_differs_is_altered_before_it_is_set_aside() -> None:
    where = situation(
        [failure("blog.2", relation="blog_tag")],
        catalog(POST, TITLE, TAG, column("blog_tag", "name", "integer")),
        ("blog.2", "blog.3"),
        rows={"public.blog_tag": 3},
    )
    assert proposed(where)[:2] == ["alter-and-fake", "set-aside"]


def test_the_codes_own_table_is_not_put_out_of_its_sight() -> None:
    standing = catalog(POST, TITLE, TAG, NAME, index("blog_tag", "tag_name", "name"))
    met = [failure("blog.2", relation="blog_tag")]
    assert "set-aside" not in proposed(situation(met, standing, ("blog.2",), rows={"public.blog_tag": 3}))


def test_a_column_that_a_later_migration_adds_refuses_no_inserts() -> None:
    needed = column("blog_tag", "nick", "text", "NOT NULL")
    deltas = [*DELTAS, delta("blog.4", needed)]
    standing = catalog(POST, TITLE, SLUG, TAG, NAME, index("blog_tag", "tag_name", "name"), needed)
    met = [failure("blog.2", relation="blog_tag"), failure("blog.4", "42701", "blog_tag", column_name="nick")]
    assert plan(situation(met, standing, ("blog.2", "blog.3", "blog.4"), deltas)) == [
        "migrate blog 4 --fake",
        "migrate",
    ]


def test_a_view_in_the_way_is_set_aside() -> None:
    where = situation(
        [failure("blog.2", relation="blog_tag")], catalog(POST, TITLE, table("blog_tag", "view")), ("blog.2",)
    )
    assert proposed(where)[0] == "set-aside"
    assert any("SET SCHEMA" in text for text in plan(where))


def test_a_type_that_has_the_tables_name_is_set_aside() -> None:
    mood = Fact("type", "public", "", "blog_tag", ("enum", "good", "bad"))
    said = failure("blog.2", "42710", "blog_tag", message='type "blog_tag" already exists')
    where = situation([said], catalog(POST, TITLE, mood), ("blog.2",))
    assert plan(where)[1:] == ['ALTER TYPE "blog_tag" SET SCHEMA "migsim_aside"', "migrate"]


RENAMED = [
    *DELTAS,
    delta("blog.4", column("blog_post", "head", "text"), removed=(column("blog_post", "title", "text"),)),
]


def rename(copy: Fact, **more: Any) -> Situation:
    taken = failure("blog.4", "42701", "blog_post", column_name="head")
    return situation([taken], catalog(POST, TITLE, SLUG, copy), ("blog.4",), RENAMED, **more)


def test_a_column_that_has_a_renames_new_name_is_dropped_where_every_row_shows_that_it_is_a_copy() -> None:
    first, *rest = plan(rename(column("blog_post", "head", "text")))
    assert 'IF EXISTS (SELECT FROM "blog_post" WHERE "title" IS DISTINCT FROM "head") THEN RAISE' in first
    assert first.endswith('ALTER TABLE "blog_post" DROP COLUMN "head"; END $$')
    assert rest == ["migrate"]


def test_a_column_of_another_type_or_without_known_rows_is_no_copy() -> None:
    assert "drop-copy" not in proposed(rename(column("blog_post", "head", "integer")))
    assert "drop-copy" not in proposed(rename(column("blog_post", "head", "text"), tier="schema"))


def test_a_column_that_allows_null_is_dropped_where_the_code_allows_none_and_no_row_fills_it() -> None:
    wanted = Fact("column", "public", "blog_post", "slug", ("varchar(40)", "NOT NULL", "", "", "", ""))
    taken = failure("blog.3", "42701", "blog_post", column_name="slug")
    where = situation([taken], catalog(POST, TITLE, SLUG), ("blog.3",), [*DELTAS[:2], delta("blog.3", wanted)])
    assert proposed(where)[:2] == ["alter-and-fake", "drop-unfilled"]
    (sql,) = fixes.mends(Case(where, where.roots[0]))[1].clear
    assert 'IF EXISTS (SELECT FROM "blog_post" WHERE "slug" IS NOT NULL) THEN RAISE' in sql
    assert "drop-unfilled" not in proposed(replace(where, database=replace(where.database, tier="schema")))
    wider = situation([taken], catalog(POST, TITLE, column("blog_post", "slug")), ("blog.3",))
    assert "drop-unfilled" not in proposed(wider)


def view(name: str, query: str) -> Fact:
    return Fact("relation", "public", name, "", ("view", query))


def test_views_that_read_from_a_column_are_made_again_after_migrate_in_their_order() -> None:
    titles = view("a_titles", " SELECT title FROM public.blog_post;")
    few = view("a_few", " SELECT title FROM public.a_titles;")
    refused = failure("blog.4", "0A000", "blog_post", table_name="blog_post")
    retyped = [*DELTAS, delta("blog.4", column("blog_post", "title", "varchar(9)"), removed=(TITLE,))]
    owners = {"public.a_few": "dba", "public.a_titles": "app"}
    where = situation([refused], catalog(POST, TITLE, few, titles), ("blog.4",), retyped, owners=owners, role="app")
    assert plan(where) == [
        'DROP VIEW "a_few"',
        'DROP VIEW "a_titles"',
        "migrate",
        'CREATE VIEW "a_titles" AS SELECT title FROM public.blog_post',
        'CREATE VIEW "a_few" AS SELECT title FROM public.a_titles',
        'ALTER VIEW "a_few" OWNER TO "dba"',
    ]


def test_a_default_that_no_migration_made_is_dropped() -> None:
    numbers = [*DELTAS, delta("blog.4", column("blog_post", "title", "integer"), removed=(TITLE,))]
    by_hand = column("blog_post", "title", "text", default="'x'::text")
    refused = failure("blog.4", "42804", "blog_post")
    where = situation([refused], catalog(POST, by_hand), ("blog.4",), numbers)
    assert plan(where) == ['ALTER TABLE "blog_post" ALTER COLUMN "title" DROP DEFAULT', "migrate"]
    assert "drop-default" not in proposed(situation([refused], catalog(POST, TITLE), ("blog.4",), numbers))


def test_a_missing_table_is_made_after_those_that_it_points_to() -> None:
    def points(on: str, to: str) -> Fact:
        definition = ("foreign key", f"FOREIGN KEY (x) REFERENCES public.{to}(id)", "VALID")
        return Fact("constraint", "public", on, f"{on}_fk", definition)

    made = [
        delta("blog.1", POST, TITLE),
        delta("blog.2", TAG, NAME, points("blog_tag", "blog_kind"), table("blog_kind"), column("blog_kind", "name")),
        delta("blog.3", column("blog_tag", "slug")),
    ]
    gone = failure("blog.3", "42P01", "blog_tag", table_name="blog_tag")
    statements = plan(situation([gone], catalog(POST, TITLE), ("blog.3",), made))
    assert [text.split()[2] for text in statements[:3]] == ['"blog_kind"', '"blog_tag"', '"blog_tag"']
    assert statements[2].endswith("REFERENCES public.blog_kind(id)")


def test_the_key_that_a_foreign_key_needs_is_made_again() -> None:
    key = Fact("constraint", "public", "blog_post", "post_pkey", ("primary key", "PRIMARY KEY (id)", "VALID"))
    points = ("foreign key", "FOREIGN KEY (post_id) REFERENCES public.blog_post(id)", "VALID")
    made = [
        delta("blog.1", POST, TITLE, key),
        delta("blog.2", TAG, NAME, Fact("constraint", "public", "blog_tag", "fk", points)),
    ]
    lacking = failure("blog.2", "42830", "blog_tag")
    where = situation([lacking], catalog(POST, TITLE), ("blog.2",), made)
    assert plan(where) == ['ALTER TABLE "blog_post" ADD CONSTRAINT "post_pkey" PRIMARY KEY (id)', "migrate"]


def test_an_invalid_index_is_dropped() -> None:
    invalid = index("blog_tag", "tag_name", "name", "INVALID")
    where = situation([failure("blog.2", relation="tag_name")], catalog(POST, TITLE, invalid), ("blog.2",))
    assert proposed(where)[0] == "drop-invalid-index"


def test_a_constraint_on_other_columns_makes_room() -> None:
    deltas = [*DELTAS, delta("blog.4", unique("blog_post", "uq", "title"))]
    standing = catalog(POST, TITLE, SLUG, unique("blog_post", "uq", "slug"))
    where = situation([failure("blog.4", relation="uq")], standing, ("blog.4",), deltas)
    assert proposed(where)[0] == "drop-leftover"


def test_a_column_that_is_gone_is_made_again() -> None:
    gone = failure("blog.3", "42P01", "blog_post", table_name="blog_post", sql="x")
    files = {**FILES, "blog.3": MigrationFile("blog.3", ("blog.2",))}
    where = situation([gone], catalog(TAG, NAME), ("blog.3",), files=files)
    assert proposed(where)[0] == "recreate-missing"


def test_a_history_that_is_behind_its_sequence_is_numbered_again() -> None:
    record = failure("blog.2", "23505", "django_migrations", phase=Phase.RECORD)
    behind = HistoryTable(kind="table", rows=(HistoryRow(7, "blog.1", ""),), next_id=3)
    where = situation([record], catalog(POST, TITLE), ("blog.2",), table=behind)
    assert proposed(where)[0] == "history-numbers"
    assert plan(where)[0].startswith("SELECT setval(")


def test_an_inconsistent_history_gets_its_rows_first() -> None:
    odd = failure(None, None, phase=Phase.PLAN, exception="django.InconsistentMigrationHistory", sql=None)
    standing = catalog(POST, TITLE, TAG, NAME, index("blog_tag", "tag_name", "name"))
    where = situation([odd], standing, ("blog.1",))
    assert plan(where) == [
        """INSERT INTO "django_migrations" ("app", "name", "applied") VALUES ('blog', '1', now())""",
        "migrate",
    ]


def test_a_squash_recorded_in_part_whose_originals_are_gone_is_taken_back() -> None:
    squash = MigrationFile("blog.1_to_9", replaces=("blog.8", "blog.9"))
    rows = HistoryTable(kind="table", rows=(HistoryRow(1, "blog.8", ""),))
    graph = failure(None, None, phase=Phase.LOAD, exception="NodeNotFoundError", sql=None)
    where = situation([graph], catalog(POST, TITLE), (), table=rows, files={squash.name: squash})
    assert plan(where)[0] == """DELETE FROM "django_migrations" WHERE "app" = 'blog' AND "name" = '8'"""
    whole = HistoryTable(kind="table", rows=(HistoryRow(1, "blog.8", ""), HistoryRow(2, "blog.9", "")))
    assert proposed(situation([graph], catalog(POST), (), table=whole, files={squash.name: squash})) == ["ask-a-person"]


def test_a_sequence_in_use_is_set() -> None:
    taken = failure(None, "23505", "auth_permission", phase=Phase.POST_MIGRATE)
    where = situation([taken], catalog(POST, TITLE), (), behind=(BehindSequence("public", "auth_permission", "id"),))
    assert proposed(where)[0] == "sequences"


def test_extensions_that_the_code_has_from_nothing_are_installed_by_the_role_if_it_may_else_by_a_person() -> None:
    lacking = failure("blog.3", "42704", "blog_post", message='type "citext" does not exist')
    made = [delta(None, *(Fact("extension", "", "", name, ()) for name in ("citext", "uuid-ossp"))), *DELTAS]
    where = situation([lacking], catalog(POST, TITLE), ("blog.3",), made)
    install, ask = fixes.mends(Case(where, where.roots[0]))
    assert install.clear == ('CREATE EXTENSION IF NOT EXISTS "citext"', 'CREATE EXTENSION IF NOT EXISTS "uuid-ossp"')
    assert ask.person == "have a superuser of the server install the extensions citext and uuid-ossp"
    assert ask.statement == ";\n".join(install.clear)


def constrained(*definition: str) -> list[Delta]:
    kind = "index" if definition[0].startswith("CREATE") else "constraint"
    return [*DELTAS[:2], delta("blog.3", Fact(kind, "public", "blog_post", "it", definition))]


OUT_OF_RANGE = [
    delta("blog.1", POST, column("blog_post", "n", "bigint")),
    delta("blog.3", column("blog_post", "n", "integer"), removed=(column("blog_post", "n", "bigint"),)),
]
SHORTER = [*DELTAS, delta("blog.4", column("blog_post", "slug", "varchar(20)"), removed=(SLUG,))]


@pytest.mark.parametrize(
    ("sqlstate", "deltas", "decision", "query"),
    [
        ("23502", DELTAS[:2], "on a value for blog_post.title in {rows} with NULL", '"title" IS NULL'),
        (
            "23503",
            constrained("foreign key", "FOREIGN KEY (a, b) REFERENCES s.y(c, d)", "VALID"),
            "about {rows} of blog_post pointing to nothing (it)",
            'SELECT own.* FROM "blog_post" own WHERE own.a IS NOT NULL AND own.b IS NOT NULL'
            " AND NOT EXISTS (SELECT FROM s.y other WHERE other.c = own.a AND other.d = own.b)",
        ),
        (
            "23505",
            constrained("unique", "UNIQUE (title, at)", "VALID"),
            "which rows of blog_post to keep or to change where several have the same title, at: {values}",
            'SELECT title, at, count(*) FROM "blog_post" GROUP BY title, at'
            " HAVING count(*) > 1 AND num_nulls(title, at) = 0",
        ),
        (
            "23505",
            constrained("unique", "UNIQUE NULLS NOT DISTINCT (title) INCLUDE (at)", "VALID"),
            "the same title",
            "GROUP BY title HAVING count(*) > 1",
        ),
        (
            "23505",
            constrained("CREATE UNIQUE INDEX ON public.blog_post USING btree (lower(title)) WHERE (at > 0)", "VALID"),
            "the same lower(title)",
            'FROM "blog_post" WHERE (at > 0) GROUP BY lower(title)',
        ),
        (
            "23514",
            constrained("check", "CHECK ((title <> ')'::text))", "VALID"),
            "about {rows} of blog_post breaking a check (it)",
            "WHERE NOT ((title <> ')'::text))",
        ),
        ("22001", SHORTER, "slug (varchar(40)) as varchar(20)", 'length("slug"::text) > 20'),
        ("22003", OUT_OF_RANGE, "n (bigint) as integer", '"n" NOT BETWEEN -2147483648 AND 2147483647'),
    ],
)
def test_rows_are_a_persons_with_the_query_that_shows_them(
    sqlstate: str, deltas: list[Delta], decision: str, query: str
) -> None:
    named = {"constraint_name": "it"} if sqlstate.startswith("23") else {}
    named |= {"column_name": "title"} if sqlstate == "23502" else {}
    name = str(deltas[-1].migration)
    standing = catalog(POST, TITLE, SLUG, column("blog_post", "n", "bigint"))
    where = situation([failure(name, sqlstate, "blog_post", **named)], standing, (name,), deltas)
    (mend,) = fixes.mends(Case(where, where.roots[0]))
    assert mend.fix == "mend-data"
    assert decision in mend.person
    assert query in mend.query


def test_rows_that_get_a_column_are_counted_and_nothing_asks_for_that_column() -> None:
    null = failure("blog.3", "23502", "blog_post", column_name="slug")
    where = situation([null], catalog(POST, TITLE), ("blog.3",), rows={"public.blog_post": 500})
    (mend,) = fixes.mends(Case(where, where.roots[0]))
    assert mend.person.startswith("decide on a value for blog_post.slug in 500 rows: ")
    assert mend.query == ""


def test_what_code_would_write_is_in_no_row_yet() -> None:
    null = failure("blog.3", "23502", "blog_post", column_name="title", operation="Code")
    where = situation([null], catalog(POST, TITLE), ("blog.3",), files=DATA)
    (mend,) = fixes.mends(Case(where, where.roots[0]))
    assert mend.person.startswith("decide what the code of blog.3 is to write")
    assert mend.query == ""


@pytest.mark.parametrize(
    ("met", "decision"),
    [
        (failure("blog.3", None, operation="Code", exception="a.ValueError"), "whether the code of blog.3 or what it"),
        (failure("blog.3", "42P01", "gone"), "where gone is to come from, which blog.3 works on and which is not here"),
        (failure("blog.3", "55006", "blog_post"), "what is to change at blog.3, the code or the database: 55006 m"),
    ],
)
def test_what_nothing_mends_is_a_decision_and_not_a_thing_to_look_into(met: Failure, decision: str) -> None:
    where = situation([met], catalog(POST, TITLE), ("blog.3",), files=DATA)
    mend = fixes.mends(Case(where, where.roots[0]))[-1]
    assert mend.fix == "ask-a-person"
    assert mend.person.startswith(f"decide {decision}")


INSERT = "INSERT INTO blog_post (title) VALUES (%s)"


def test_an_index_of_another_table_gets_another_name_and_its_own_tables_is_dropped() -> None:
    taken = failure("blog.2", relation="tag_name")
    for relation, expected in (("pat_person", "rename-aside"), ("blog_tag", "drop-leftover")):
        other = index(relation, "tag_name", "surname")
        where = situation([taken], catalog(POST, TITLE, table("pat_person"), TAG, NAME, other), ("blog.2",))
        assert expected in proposed(where)
        assert ("rename-aside" in proposed(where)) is (relation == "pat_person")
    long = index("pat_person", "n" * 63, "surname")
    deltas = [DELTAS[0], delta("blog.2", TAG, NAME, index("blog_tag", "n" * 63, "name"))]
    taken = failure("blog.2", relation="n" * 63)
    where = situation([taken], catalog(POST, TITLE, table("pat_person"), long), ("blog.2",), deltas)
    assert fixes.mends(Case(where, where.roots[0]))[0].clear == (
        f'ALTER INDEX "{"n" * 63}" RENAME TO "{"n" * 57}_aside"',
    )


AGAIN = failure("blog.3", "23505", "blog_post", operation="Code", constraint_name="uq", sql=INSERT)
TAG_THERE = failure("blog.2", relation="blog_tag")


@pytest.mark.parametrize(
    ("where", "recorded"),
    [
        (lambda: met_again(1, 3, AGAIN), True),  # one id too many was given out
        (lambda: met_again(1, 2, AGAIN), False),
        (lambda: met_again(2, 3, TAG_THERE, AGAIN), True),
        (lambda: met_again(2, 2, TAG_THERE, AGAIN), False),  # that id is the other's
        (lambda: met_again(1, 3, AGAIN, behind=(BehindSequence("public", "blog_post", "id"),)), False),
        # An UPDATE that has run would not collide; one row could be written before; the id was lost long ago.
        (lambda: met_again(1, 3, replace(AGAIN, sql="UPDATE blog_post SET title = %s")), False),
        (lambda: met_again(1, 3, AGAIN, code_runs=(CodeRun("blog.3", 0, 1),)), False),
        (lambda: met_again(1, 3, AGAIN, table=history((1, "blog.1"), (3, "blog.2"), next_id=4)), False),
    ],
)
def test_code_that_meets_its_rows_is_recorded_where_the_history_has_lost_a_row_for_it(
    where: Callable[[], Situation], *, recorded: bool
) -> None:
    found = where()
    root = next(one for one in found.roots if one.failure.migration == "blog.3")
    assert ("record-code" in [mend.fix for mend in fixes.mends(Case(found, root))]) is recorded


def history(*rows: tuple[int, str], next_id: int) -> HistoryTable:
    return HistoryTable(
        kind="table", rows=tuple(HistoryRow(number, name, "") for number, name in rows), next_id=next_id
    )


def test_without_any_history_a_later_migration_that_is_in_effect_says_that_the_code_ran() -> None:
    there = (POST, TITLE, TAG, NAME, index("blog_tag", "tag_name", "name"))
    deltas, pending = [*DELTAS[:2], delta("blog.4", SLUG)], tuple(DATA)
    for standing, expected in ((there, False), ((*there, SLUG), True)):
        where = situation([AGAIN], catalog(*standing), pending, deltas, files=DATA, table=HistoryTable(kind="table"))
        assert ("record-code" in proposed(where)) is expected


def test_where_code_writes_what_is_there_no_row_need_be_there_twice() -> None:
    where = lost(1, 2, AGAIN)
    (mend,) = fixes.mends(Case(where, where.roots[0]))
    assert mend.person.startswith(
        "decide whether it has run here, then record it (python manage.py migrate blog 3 --fake)"
    )
    assert mend.person.endswith("the code of blog.3 gives blog_post a value that is there")


def test_code_at_fault_is_a_persons_whatever_else_would_fit() -> None:
    standing = catalog(POST, TITLE, TAG, NAME, index("blog_tag", "tag_name", "name"))
    met = failure("blog.2", relation="blog_tag")
    where = situation([met], standing, ("blog.2",), reference=effects.reference_of(DELTAS, met))
    (mend,) = fixes.mends(Case(where, where.roots[0]))
    assert mend.fix == "edit-code"
    assert mend.person == "change the code, at blog.2: from an empty database it fails too (42P07 m)"


def test_two_leaves_are_merged_though_nothing_can_be_built_from_nothing_either() -> None:
    met = failure(None, None, phase=Phase.PLAN, exception="django.core.management.base.CommandError")
    files = {**FILES, "blog.5": MigrationFile("blog.5", parents=("blog.3",))}
    where = situation([met], catalog(POST), (), reference=effects.reference_of(DELTAS, met), files=files)
    assert proposed(where) == ["merge-migration"]


WHOLE = catalog(POST, TITLE, TAG, NAME, index("blog_tag", "tag_name", "name"), SLUG)


def test_what_people_try_is_proposed_where_something_collides() -> None:
    where = situation(
        [failure("blog.2", relation="blog_tag")],
        WHOLE,
        ("blog.2",),
        rows={"public.blog_tag": 9},
        history=History(pending=("blog.2",), not_on_disk=("blog.2_old", "shop.1_old")),
    )
    assert {fix.id: texts(fix) for fix in fixes.peoples(where)} == {
        "fake-everything": ["migrate --fake", "migrate"],
        "fake-initial": ["migrate --fake-initial"],
        "prune": ["migrate blog --prune", "migrate"],
        "drop-and-migrate": ['DROP TABLE "blog_tag" CASCADE', "migrate"],
        "reset-migrations": RESET,
    }


@pytest.mark.parametrize(
    ("django", "first"),
    [
        ("4.1", "migrate blog --prune"),
        ("", "migrate blog --prune"),
        ("10.0.1", "migrate blog --prune"),
        ("4.0.10", """DELETE FROM "django_migrations" WHERE "app" = 'blog' AND "name" IN ('2_old')"""),
        ("3.2.25", """DELETE FROM "django_migrations" WHERE "app" = 'blog' AND "name" IN ('2_old')"""),
    ],
)
def test_prune_is_an_option_only_where_that_django_has_it(django: str, first: str) -> None:
    where = situation(
        [failure("blog.2", relation="blog_tag")],
        WHOLE,
        ("blog.2",),
        history=History(pending=("blog.2",), not_on_disk=("blog.2_old", "shop.1_old")),
        django=django,
    )
    assert [texts(fix) for fix in fixes.peoples(where) if fix.id == "prune"] == [[first, "migrate"]]


RESET = [
    "delete the 4 migration files of blog (their __init__.py stay)",
    "makemigrations blog",
    """DELETE FROM "django_migrations" WHERE "app" = 'blog'""",
    "migrate blog --fake",
    "migrate",
]


def test_a_reset_is_named_where_files_and_history_have_parted_and_proposed_wherever_somebody_asks() -> None:
    where = situation([failure("blog.2", relation="blog_tag")], WHOLE, ("blog.2",))
    assert "reset-migrations" not in [fix.id for fix in fixes.peoples(where)]
    asked = fixes.reset(where)
    assert asked is not None
    assert (texts(asked), asked.resets) == (RESET, ("blog",))
    bare = fixes.reset(replace(where, database=replace(where.database, history=HistoryTable())))
    assert bare is not None
    assert texts(bare) == [RESET[0], RESET[1], *RESET[3:]]


def test_a_reset_takes_along_who_names_a_deleted_migration_and_leaves_packages_alone() -> None:
    more = {
        "shop.1": MigrationFile("shop.1", parents=("blog.2",), named=("blog.2",)),
        "news.1": MigrationFile("news.1", parents=("blog.1",)),  # by the app's first, whatever that is called
        "news.2": MigrationFile("news.2", parents=("news.1",), named=("news.1",)),
        "mail.1": MigrationFile("mail.1", path="/v/lib/python3.12/site-packages/mail/migrations/1.py"),
        "map.1": MigrationFile("map.1"),
    }
    code = MigrationOperation("RunPython", "Raw Python operation", runs_code=True)
    files = {**FILES, **more, "blog.4": replace(FILES["blog.4"], operations=(code,))}
    where = situation(
        [failure("blog.2", relation="blog_tag")],
        catalog(POST, TITLE, TAG, NAME),
        ("blog.2", "blog.3", "shop.1", "map.1", "news.2"),
        files=files,
        history=History(applied=("blog.1", "news.1"), pending=("blog.2", "blog.3", "shop.1", "map.1", "news.2")),
        ran=(Ran("blog.2", 0, "CREATE INDEX tag_name ON blog_tag (name)", deferred=True),),
        after={"blog.2": effects.reference_of(DELTAS, None).after["blog.2"]},
    )
    asked = fixes.reset(where, ("--database=x",))
    assert asked is not None
    assert asked.resets == ("blog", "shop")
    assert asked.note.endswith("; the code of blog.4 is gone")
    rows, *_more = texts(asked)[2].split(";\n")
    assert rows.endswith("""'blog' AND "name" <> '0001_initial'""")
    assert texts(asked)[3:] == [
        "migrate map --database=x",
        "CREATE INDEX tag_name ON blog_tag (name);\n" + 'ALTER TABLE "blog_post" ADD COLUMN "slug" varchar(40)',
        "migrate blog --fake --database=x",
        "migrate shop --fake --database=x",
        "migrate --database=x",
    ]
    foreign = situation([failure("mail.1", relation="mail")], catalog(POST), ("mail.1",), files=files)
    assert fixes.reset(foreign) is None


STANDS = (
    "decide what becomes of the table public.blog_tag with 3 rows, which stands where blog.2 makes its own: keep it "
    "and have the code go by it, or give it another name or place"
)


def test_after_a_failed_plan_the_root_it_failed_at_gets_its_next_mend() -> None:
    where = situation(
        [failure("blog.2", relation="blog_tag")],
        catalog(POST, TITLE, TAG, column("blog_tag", "name", "integer")),
        ("blog.2", "blog.3"),
        rows={"public.blog_tag": 3},
    )
    first = plans.choices(where, ())
    second = first.after(failure("blog.2", "23502"), (), first.plan())
    assert (first.plan().fix.id, second.plan().fix.id) == ("alter-and-fake", "set-aside")
    last = second.after(None, ("blog_tag lacks x",), second.plan())
    assert (second.given_up, last.given_up) == (False, True)
    assert texts(last.with_persons()) == [STANDS, "migrate"]


def test_a_step_that_fails_is_its_roots_fault_and_nobody_elses() -> None:
    standing = catalog(POST, TITLE, TAG, NAME, index("blog_tag", "tag_name", "name"), column("blog_post", "slug"))
    met = [failure("blog.2", relation="blog_tag"), failure("blog.3", "42701", "blog_post", column_name="slug")]
    first = plans.choices(situation(met, standing, ("blog.2", "blog.3")), ())
    tried = first.plan()
    altered = next(step for step in tried.fix.steps if "ALTER COLUMN" in step.sql)
    last = first.after(failure(None, "23502", None), (), tried, altered)
    assert last.given_up
    assert texts(last.with_persons()) == [
        "migrate blog 2 --fake",
        "decide what becomes of the column public.blog_post.slug, which stands where blog.3 makes its own: keep it and "
        "have the code go by it, or give it another name or place",
        "migrate",
    ]


def test_a_plan_that_fails_at_what_a_person_has_to_mend_is_the_plan_for_the_rest() -> None:
    standing = catalog(POST, TITLE, TAG, NAME, index("blog_tag", "tag_name", "name"))
    met = [failure("blog.2", relation="blog_tag"), failure("blog.3", "23502", "blog_post", column_name="slug")]
    first = plans_of(met, standing)
    last = first.after(failure("blog.3", "23502", "blog_post"), (), first.plan())
    assert last.given_up
    told = texts(last.left_to_persons().with_persons())
    assert (told[0], told[-1], len(told)) == ("migrate blog 2 --fake", "migrate", 3)


def plans_of(met: list[Failure], standing: Catalog) -> plans.Choices:
    return plans.choices(situation(met, standing, ("blog.2", "blog.3")), ())


DATA = {
    **FILES,
    "blog.3": MigrationFile(
        "blog.3", ("blog.2",), operations=(MigrationOperation("RunPython", "Code", runs_code=True),)
    ),
}


def met_again(rows: int, given_out: int, *met: Failure, **more: Any) -> Situation:
    """The same, where its code had no row to change in the survey."""
    return lost(rows, given_out, *met, **{"code_runs": (), **more})


def lost(rows: int, given_out: int, *met: Failure, **more: Any) -> Situation:
    """Of blog.1 to blog.4 the last ``rows`` are gone; blog.3 changes rows only, and blog.4 was never run."""
    left = tuple(HistoryRow(number, f"blog.{number}", "") for number in range(1, 4 - rows))
    deltas = [*DELTAS[:2], delta("blog.4", SLUG)]
    standing = catalog(POST, TITLE, TAG, NAME, index("blog_tag", "tag_name", "name"))
    pending = tuple(f"blog.{number}" for number in range(4 - rows, 5))
    table_ = HistoryTable(kind="table", rows=left, next_id=given_out + 1)
    given = {"table": table_, "files": DATA, "code_runs": (CodeRun("blog.3", 0, 2),), **more}
    return situation(list(met), standing, pending, deltas, **given)


def test_a_data_migration_that_was_lost_with_the_others_is_recorded_with_them() -> None:
    assert plan(lost(2, 3, failure("blog.2", relation="blog_tag"))) == ["migrate blog 3 --fake", "migrate"]


def test_a_data_migration_before_the_lost_ones_is_recorded_where_as_many_ids_are_gone() -> None:
    files = {
        name: replace(FILES[name], operations=DATA["blog.3"].operations) if name == "blog.2" else FILES[name]
        for name in ("blog.1", "blog.2", "blog.3")
    }
    standing, deltas = catalog(POST, TITLE, SLUG), [DELTAS[0], DELTAS[2]]
    more = {"files": files, "code_runs": (CodeRun("blog.2", 0, 2),)}
    met = [failure("blog.3", "42701", "blog_post", column_name="slug")]
    for given_out, expected in ((3, ["migrate blog 3 --fake"]), (2, ["migrate blog 2", "migrate blog 3 --fake"])):
        table_ = history((1, "blog.1"), next_id=given_out + 1)
        where = situation(met, standing, ("blog.2", "blog.3"), deltas, table=table_, **more)
        assert plan(where) == [*expected, "migrate"]
        assert ("blog.2 then changes rows" in fixes.mends(Case(where, where.roots[0]))[0].note) is (given_out == 2)


def test_a_repair_leaves_what_a_later_migration_has_changed_since() -> None:
    wide = column("blog_post", "title", "varchar(80)")
    deltas = [
        delta("blog.1", POST, column("blog_post", "title", "varchar(20)"), column("blog_post", "intro"), TAG),
        delta("blog.2", wide, removed=(column("blog_post", "title", "varchar(20)"),)),
        delta("blog.3", removed=(column("blog_post", "intro"),)),
    ]
    met = [failure("blog.1", relation="blog_post"), failure("blog.3", "42703", "blog_post", column_name="intro")]
    where = situation(met, catalog(POST, wide), ("blog.1", "blog.2", "blog.3"), deltas)
    (mend,) = [mend for mend in fixes.mends(Case(where, where.roots[0])) if mend.fix == "complete-and-fake"]
    assert [" ".join(sql.split()) for sql in mend.complete["blog.1"]] == ['CREATE TABLE "blog_tag" ( )']


def test_a_data_migration_that_was_never_recorded_runs_and_the_note_says_so() -> None:
    where = lost(2, 2, failure("blog.2", relation="blog_tag"))
    assert plan(where) == ["migrate blog 2 --fake", "migrate"]
    assert "blog.3 then changes rows" in fixes.mends(Case(where, where.roots[0]))[0].note


def test_faking_everything_is_no_mend_where_code_has_not_run() -> None:
    where = lost(2, 2, failure("blog.2", relation="blog_tag"))
    fake = Fix("fake-everything", "migrate --fake", (), FixOutcome.WORKS)
    judged = plans.without_its_code(fake, where)
    assert (judged.outcome, judged.drift) == (FixOutcome.DRIFTS, ("the code of blog.3 has not run",))
    assert plans.without_its_code(fake, replace(where, survey=replace(where.survey, code_runs=()))) == fake


def test_the_first_that_works_without_a_person_is_recommended() -> None:
    person = Fix("a", "", (Step(person="x"),), outcome=FixOutcome.WORKS)
    loses, works, too = (
        Fix("b", "", (), outcome=FixOutcome.LOSES_DATA),
        Fix("c", "", (), outcome=FixOutcome.WORKS),
        Fix("d", "", (), outcome=FixOutcome.WORKS),
    )
    ranked = plans.ranked([person, loses, works, too])
    assert [(fix.id, fix.recommended) for fix in ranked] == [("c", True), ("a", False), ("b", False), ("d", False)]
    assert not any(fix.recommended for fix in plans.ranked([person, loses]))


def test_roots_that_a_working_plan_left_alone_were_none() -> None:
    standing = catalog(POST, TITLE, TAG, NAME, index("blog_tag", "tag_name", "name"))
    met = [failure("blog.2", relation="blog_tag"), failure("blog.3", "22012")]
    where = situation(met, standing, ("blog.2", "blog.3"))
    plan_ = plans.choices(where, ()).plan()
    assert [root.id for root in plan_.left] == [2]
    assert [(one.root, one.cascade_of) for one in plans.settled(where.findings, plan_.left)] == [
        (True, None),
        (False, 1),
    ]
