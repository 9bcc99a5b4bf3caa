"""Fixes of the history itself, of what is in the wrong place, and of what another role has to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simulator import causes, fixes
from simulator.findings.case import Case
from simulator.findings.situation import HistoryRow, HistoryTable, Situation
from simulator.fixes.route import Mend
from simulator.model import Fact, Failure, History, MigrationFile, MigrationOperation, Phase
from simulator.postgres.ddl import ASIDE
from tests.support.facts import column, delta, table, unique
from tests.support.situations import (
    BLOG,
    DELTAS,
    FILES,
    INITIAL,
    POSTS,
    SLUG,
    SLUGS,
    TAG,
    TAGS,
    failure,
    file,
    history,
    operation,
    situation,
    with_file,
)

INCONSISTENT = "django.db.migrations.exceptions.InconsistentMigrationHistory"


def mend(fix: str, where: Situation) -> Mend | None:
    """What that fix proposes for the first root, if it is among those that fit."""
    return next((one for one in fixes.mends(Case(where, where.roots[0])) if one.fix == fix), None)


def row(name: str) -> str:
    app, _, own = name.partition(".")
    return f"""INSERT INTO "django_migrations" ("app", "name", "applied") VALUES ('{app}', '{own}', now())"""


def test_a_restore_over_rows_goes_into_an_empty_database() -> None:
    met = failure(None, "23505", "blog_post", phase=Phase.RESTORE)
    found = mend("restore-into-empty", situation(met, restored_over_data=True))
    assert found is not None
    assert found.person.startswith("restore the dump into a new, empty database")
    assert mend("restore-into-empty", situation(met)) is None


def test_a_history_with_a_hole_gets_the_rows_that_its_children_need() -> None:
    met = failure(None, None, None, phase=Phase.PLAN, exception=INCONSISTENT)
    found = mend("history-rows", situation(met, standing=[*POSTS, *TAGS], applied=(TAG,)))
    assert found is not None
    assert (found.history, found.recorded) == ((row(INITIAL),), frozenset({INITIAL}))
    other = replace(met, exception="django.core.management.base.CommandError")
    assert mend("history-rows", situation(other, standing=[*POSTS, *TAGS], applied=(TAG,))) is None


def test_a_hole_whose_work_is_not_there_gets_that_before_its_row() -> None:
    met = failure(None, None, None, phase=Phase.PLAN, exception=INCONSISTENT)
    found = mend("history-rows", situation(met, standing=TAGS, applied=(TAG,)))
    assert found is not None
    assert found.history[0].startswith('CREATE TABLE "blog_post"')
    assert found.history[-1] == row(INITIAL)


CODE = operation("RunPython", "Raw Python operation", code=True)
LATE, BESIDE = "shop.0001", "site.0001"


def above(*operations: MigrationOperation, **more: Any) -> Situation:
    """Two apps' migrations are recorded above the blog's last two; those two are not, and the last one has code."""
    files = (*FILES[:2], file(SLUG, *operations, parents=(TAG,)), file(LATE, parents=(SLUG,)), file(BESIDE))
    met = failure(None, None, None, phase=Phase.PLAN, exception=INCONSISTENT)
    given = {"applied": (INITIAL, BESIDE, LATE), "table": history(INITIAL, BESIDE, LATE, gap=4), "files": files, **more}
    return situation(met, **given)


def test_what_never_ran_and_has_code_runs_with_the_rows_above_it_taken_away_and_put_back() -> None:
    where = above(CODE)
    assert mend("history-rows", where) is None
    found = mend("run-missing", where)
    assert found is not None
    assert (found.run, found.recorded) == (frozenset({TAG, SLUG}), frozenset())
    (take,), (back,) = found.history, found.back
    assert take == """DELETE FROM "django_migrations" WHERE ("app", "name") IN (('shop', '0001'))"""
    assert back == (
        'INSERT INTO "django_migrations" ("id", "app", "name", "applied") '
        "VALUES (3, 'shop', '0001', '2026-01-03T00:00:00+00:00')"
    )
    assert "blog.0003_slug has not run here: blog_post.slug, which it makes, is not there" in found.note


def test_what_ran_is_recorded_and_only_what_never_ran_runs() -> None:
    found = mend("run-missing", above(CODE, standing=[*POSTS, *TAGS]))
    assert found is not None
    assert (found.run, found.recorded) == (frozenset({SLUG}), frozenset({TAG}))
    assert found.history[0] == row(TAG)


def test_what_changes_the_schema_alone_is_recorded_once_it_is_made() -> None:
    where = above()
    assert mend("history-rows", where) is not None
    assert mend("run-missing", where) is None


def test_what_may_have_run_is_recorded_and_run_as_two_plans() -> None:
    where = above(CODE, standing=[*POSTS, *TAGS], deltas=(*DELTAS[:2], delta(SLUG)))
    assert mend("history-rows", where) is not None
    found = mend("run-missing", where)
    assert found is not None
    assert (found.run, found.recorded, found.note) == (frozenset({SLUG}), frozenset({TAG}), "")


def test_rows_without_ids_are_put_back_without_and_each_name_is_taken_once() -> None:
    twice = HistoryRow(None, LATE, "2026-01-03T00:00:00+00:00")
    table_ = HistoryTable(kind="table", rows=(*history(INITIAL).rows, twice, twice))
    found = mend("run-missing", above(CODE, applied=(INITIAL, LATE), table=table_))
    assert found is not None
    assert found.history[-1].count("0001") == 1
    assert found.back[0].count("'shop', '0001'") == 2
    assert '"id"' not in found.back[0]


def test_a_history_that_is_a_view_is_moved_aside_and_its_rows_are_kept() -> None:
    met = failure(None, "42809", "django_migrations", phase=Phase.RECORD)
    own = (table("django_migrations"), column("django_migrations", "app"), column("django_migrations", "name"))
    view = history(INITIAL, kind="view")
    found = mend("history-aside", situation(met, table=view, deltas=(*DELTAS, delta("", *own))))
    assert found is not None
    assert f'ALTER VIEW "django_migrations" SET SCHEMA "{ASIDE}"' in found.history
    assert found.history[-1].startswith('INSERT INTO "django_migrations" ("app", "name", "applied") SELECT')
    assert found.recorded == frozenset({INITIAL})
    assert mend("history-aside", situation(met, table=history(INITIAL))) is None


SQUASH = MigrationFile("blog.0001_squashed", replaces=(INITIAL, TAG))


def test_a_squash_that_is_recorded_has_the_rows_of_what_it_replaces() -> None:
    met = failure(None, None, None, phase=Phase.PLAN, exception="NodeNotFoundError")
    where = situation(met, applied=("blog.0001_squashed", INITIAL), files=(*FILES, SQUASH))
    found = mend("squash-rows", where)
    assert found is not None
    assert (found.history, found.recorded) == ((row(TAG),), frozenset({"blog.0001_squashed"}))


def test_rows_of_a_squash_that_is_recorded_in_part_and_can_run_are_deleted() -> None:
    met = failure(None, None, None, phase=Phase.LOAD, exception="NodeNotFoundError")
    found = mend("squash-rows", situation(met, applied=(INITIAL,), files=(SQUASH,)))
    assert found is not None
    assert found.history == ("""DELETE FROM "django_migrations" WHERE "app" = 'blog' AND "name" = '0001_initial'""",)


NO_SLUG = failure(None, "42703", "blog_post", phase=Phase.SMOKE, column_name="slug")


def left_out(*operations: MigrationOperation, **more: Any) -> Situation:
    """Two of three are recorded, the slug was never made, and only the squash is on disk: nothing is pending."""
    squash = file("blog.0001_squashed", *operations, replaces=BLOG)
    told = History(recorded=2, not_on_disk=(INITIAL, TAG))
    made = delta(squash.name, *POSTS, *TAGS, *SLUGS)
    given = {"standing": [*POSTS, *TAGS], "applied": (INITIAL, TAG), "history": told, **more}
    return situation(NO_SLUG, files=(squash,), deltas=(made,), **given)


def test_what_a_squash_that_migrate_leaves_out_lacks_is_made_and_the_rest_recorded() -> None:
    where = left_out()
    found = mend("squash-rows", where)
    assert found is not None
    assert found.history == ('ALTER TABLE "blog_post" ADD COLUMN "slug" varchar(40)', row(SLUG))
    assert found.recorded == {"blog.0001_squashed", SLUG}
    cause = causes.name_cause(Case(where, where.roots[0]))
    assert (cause.id, cause.confidence) == ("squash-half-applied", "certain")
    assert cause.evidence[0] == f"blog.0001_squashed replaces {INITIAL} and {TAG}, recorded, and {SLUG}, not recorded"


@pytest.mark.parametrize("change", [{"table": history(*BLOG)}, {"history": History(pending=("blog.0001_squashed",))}])
def test_a_squash_that_counts_as_applied_or_is_pending_is_not_left_out(change: dict[str, Any]) -> None:
    assert mend("squash-rows", left_out(**change)) is None


def test_code_of_a_squash_that_is_left_out_is_not_passed_over_by_making_what_is_missing() -> None:
    assert mend("recreate-missing", left_out(CODE)) is None


def test_two_leaves_are_merged_by_the_code() -> None:
    met = failure(None, None, None, phase=Phase.PLAN, exception="CommandError")
    rival = MigrationFile("blog.0003_rival", parents=(TAG,))
    found = mend("merge-migration", situation(met, files=(*FILES, rival)))
    assert found is not None
    assert "blog: 0003_rival, 0003_slug" in found.person
    assert "makemigrations --merge" in found.person
    assert mend("merge-migration", situation(met)) is None


def test_tables_in_another_schema_are_looked_for_there() -> None:
    met = failure(None, "42P01", "blog_post", phase=Phase.SMOKE)
    elsewhere = [fact._replace(schema="app") for fact in POSTS]
    found = mend("look-elsewhere", situation(met, standing=elsewhere, applied=BLOG))
    assert found is not None
    assert "blog_post is in the schema app; put that on the search_path" in found.person
    aside = [fact._replace(schema=ASIDE) for fact in POSTS]
    assert mend("look-elsewhere", situation(met, standing=aside, applied=BLOG)) is None


@pytest.mark.parametrize(
    ("how", "said", "statement"),
    [
        ({"relation": "blog_post"}, "hand blog_post over to app", 'ALTER TABLE "blog_post" OWNER TO "app"'),
        (
            {"denied": "schema public, owned by admin", "denied_owner": "admin"},
            "let app create in the schema public",
            'GRANT CREATE ON SCHEMA "public" TO "app"',
        ),
        (
            {"denied": "database shop", "denied_owner": "admin", "denied_by_database": True},
            "let app create schemas and extensions in the database",
            "DO $do$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO \"app\"', current_database()); END $do$",
        ),
    ],
)
def test_what_the_role_may_not_do_its_owner_lets_it(how: dict[str, Any], said: str, statement: str) -> None:
    met = Failure("E", "m", Phase.OPERATION, migration=SLUG, sqlstate="42501", **how)
    found = mend("change-owner", situation(met, applied=BLOG[:2], owners={"public.blog_post": "admin"}))
    assert found is not None
    assert found.person == f"have admin or a superuser {said}"
    assert found.statement == statement


HSTORE = Fact("extension", "public", "", "hstore", ())


def test_an_extension_that_the_code_has_is_installed_and_else_asked_for() -> None:
    met = failure(SLUG, "42704", None)
    where = situation(met, applied=BLOG[:2], deltas=(*DELTAS[:2], delta(SLUG, *SLUGS, HSTORE)))
    install, ask = mend("install-extension", where), mend("ask-for-extension", where)
    assert install is not None
    assert ask is not None
    assert install.clear == ('CREATE EXTENSION IF NOT EXISTS "hstore"',)
    assert ask.person == "have a superuser of the server install the extension hstore"
    assert ask.statement == install.clear[0]
    unknown = mend("ask-for-extension", situation(replace(met, message="function f() does not exist")))
    assert unknown is not None
    assert unknown.person.endswith("install what brings this: function f() does not exist")


def test_an_empty_history_table_is_just_moved() -> None:
    met = failure(None, "42809", "django_migrations", phase=Phase.RECORD)
    found = mend("history-aside", situation(met, table=HistoryTable(kind="view", schema_name="public")))
    assert found is not None
    assert not any(text.startswith("INSERT") for text in found.history)


# --- the code -------------------------------------------------------------------------------------

FILL = operation("RunPython", "Fill", code=True)
UNIQUE = unique("blog_post", "blog_post_slug_uniq", "slug")
TWICE = failure(SLUG, "23505", "blog_post", constraint_name="blog_post_slug_uniq", operation="Add field slug to post")


def test_code_that_uses_todays_models_is_a_persons_to_change() -> None:
    met = failure(TAG, "42703", "blog_post", column_name="slug", operation="Fill")
    found = mend("edit-code", situation(met, files=with_file(file(TAG, FILL, parents=(INITIAL,)))))
    assert found is not None
    assert found.person.startswith("in blog/migrations/0002_tag.py take the models from apps.get_model(")
    assert found.person.endswith(f"have what {SLUG} makes only later")


@pytest.mark.parametrize("path", ["blog/migrations/0003_slug.py", "/venv/blog/migrations/0003_slug.py"])
def test_one_default_under_a_unique_constraint_is_the_codes_fault(path: str) -> None:
    deltas = (*DELTAS[:2], delta(SLUG, *SLUGS, UNIQUE))
    own = file(SLUG, operation("AddField", "Add field slug to post"), parents=(TAG,), path=path)
    where = situation(TWICE, standing=[*POSTS, *TAGS], applied=BLOG[:2], deltas=deltas, files=with_file(own))
    found = mend("edit-code", where)
    assert found is not None
    assert "gives every row of blog_post the same slug" in found.person
    assert ("look for a release" in found.person) == path.startswith("/")
    assert mend("mend-data", where) is None  # no query on a column that is not there


def test_values_that_were_there_before_are_the_rows_matter() -> None:
    deltas = (DELTAS[0], delta(TAG, *TAGS, *SLUGS), delta(SLUG, UNIQUE))
    where = situation(TWICE, standing=[*POSTS, *TAGS, *SLUGS], applied=BLOG[:2], deltas=deltas)
    assert (mend("edit-code", where), mend("mend-data", where) is None) == (None, False)


# --- extensions off the search path ---------------------------------------------------------------

MEMBERS = {
    "citext": ("citext", "heroku_ext"),
    "similarity": ("pg_trgm", "heroku_ext"),
    "gin_trgm_ops": ("pg_trgm", "x"),
}


@pytest.mark.parametrize(
    ("sqlstate", "message", "extension"),
    [
        ("42704", 'type "citext" does not exist', "citext"),
        ("42704", 'type "public.citext" does not exist', "citext"),
        ("42883", "function similarity(text, unknown) does not exist", "pg_trgm"),
        ("42704", 'operator class "gin_trgm_ops" does not exist for access method "gin"', "pg_trgm"),
    ],
)
def test_an_extension_that_is_installed_off_the_path_is_put_on_it(sqlstate: str, message: str, extension: str) -> None:
    where = situation(failure(SLUG, sqlstate, message=message), applied=BLOG[:2], members=MEMBERS)
    cause = causes.name_cause(Case(where, where.roots[0]))
    assert (cause.id, cause.confidence) == ("extension-elsewhere", "certain")
    assert f"the extension {extension}, which brings " in cause.evidence[0]
    found = mend("extend-path", where)
    assert found is not None
    assert "ALTER DATABASE %I SET search_path" in found.clear[0]


@pytest.mark.parametrize("message", ['type "mood" does not exist', "function f(integer) does not exist", "unheard of"])
def test_what_no_installed_extension_has_brought_is_missing(message: str) -> None:
    where = situation(failure(SLUG, "42704", message=message), applied=BLOG[:2], members=MEMBERS)
    assert causes.name_cause(Case(where, where.roots[0])).id == "missing-extension"
    assert mend("extend-path", where) is None
