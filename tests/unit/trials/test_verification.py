"""When a mended database is as the code would have built it, and when it is not."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.model import Fact
from simulator.postgres.catalog import Catalog
from simulator.trials.verification import Verified, judge


def table(name: str, schema: str = "public", kind: str = "table") -> Fact:
    return Fact("relation", schema, name, "", (kind, ""))


def column(
    on: str, name: str, kind: str = "integer", null: str = "NULL", auto: str = "", schema: str = "public"
) -> Fact:
    return Fact("column", schema, on, name, (kind, null, "", auto, "", ""))


def unique(on: str, name: str, *columns: str, valid: str = "VALID", schema: str = "public") -> Fact:
    return Fact("constraint", schema, on, name, ("unique", f"UNIQUE ({', '.join(columns)})", valid))


def index(on: str, name: str, what: str, valid: str = "VALID") -> Fact:
    return Fact("index", "public", on, name, (f"CREATE INDEX ON public.{on} USING btree ({what})", valid))


POST = {
    table("post"),
    column("post", "id", "bigint", "NOT NULL", "auto"),
    column("post", "sku", "character varying(64)"),
}
TAG = {
    table("tag"),
    column("tag", "name", "text"),
    unique("tag", "tag_name_key", "name"),
    index("tag", "tag_i", "name"),
}
OLD_TAG = {table("tag"), column("tag", "label", "text"), unique("tag", "old", "label")}


def judged(
    before: Iterable[Fact],
    after: Iterable[Fact],
    reference: Iterable[Fact] = frozenset(POST | TAG),
    pending: Iterable[Fact] = frozenset(TAG),
    rows: dict[str, int] | None = None,
    rows_after: dict[str, int] | None = None,
    dropped: Iterable[Fact] = (),
    by_code: Iterable[Fact] = (),
) -> Verified:
    one, two, three = (Catalog(frozenset(facts)) for facts in (before, after, reference))
    kept = rows if rows_after is None else rows_after
    code = frozenset(by_code)
    return judge(one, two, three, frozenset(pending), rows or {}, kept or {}, dropped=frozenset(dropped), by_code=code)


def test_all_is_there() -> None:
    assert judged(POST, POST | TAG, rows={"public.post": 3}) == Verified()


def test_what_pending_migrations_make_and_is_not_there_is_missing() -> None:
    assert judged(POST, POST).missing == ("there is no table tag",)
    assert judged(POST, POST | TAG - {column("tag", "name", "text")}).missing == ("tag lacks column name",)
    assert judged(POST, POST | TAG - {unique("tag", "tag_name_key", "name")}).missing == ("tag lacks UNIQUE (name)",)
    assert judged(POST, POST | TAG - {index("tag", "tag_i", "name")}).missing == ("tag lacks index btree (name)",)


def test_what_is_defined_otherwise_is_missing_with_both_in_words() -> None:
    narrow = {table("tag"), column("tag", "name", "character varying(32)", "NOT NULL")}
    verified = judged(POST, POST | narrow | {unique("tag", "x", "name"), index("tag", "y", "name")})
    assert verified.missing == ("tag.name is varchar(32), not text", "tag.name is NOT NULL, not NULL allowed")
    assert verified.added == ()
    view = judged(POST, POST | {table("tag", kind="view")})
    assert view.missing == ("tag is a view, not a table",)


def test_other_names_are_nothing() -> None:
    renamed = {table("tag"), column("tag", "name", "text"), unique("tag", "uq", "name"), index("tag", "ix", "name")}
    assert judged(POST | renamed, POST | renamed) == Verified()


def test_what_was_missing_already_is_told_apart() -> None:
    aged = POST - {column("post", "sku", "character varying(64)")}
    verified = judged(aged, aged | TAG)
    assert verified == Verified(before=("post lacks column sku",))
    narrow = aged | {column("post", "sku", "character varying(32)")}
    assert judged(narrow, narrow | TAG) == Verified(before=("post.sku is varchar(32), not varchar(64)",))


def test_what_stood_there_and_the_code_has_may_not_go() -> None:
    verified = judged(POST, TAG)
    assert verified.missing == ("there is no table post",)
    assert verified.removed == ("table post is gone",)


def test_what_neither_the_code_has_nor_stood_there_is_added() -> None:
    more = {column("tag", "more"), index("tag", "tag_more", "more"), table("copy"), column("copy", "id")}
    assert judged(POST, POST | TAG | more).added == (
        "table copy was added",
        "tag.more was added",
        "index btree (more) on tag was added",
    )
    assert judged(POST | more, POST | TAG | more).added == ()


def test_one_more_of_the_same_is_added() -> None:
    assert judged(POST, POST | TAG | {index("tag", "twice", "name")}).added == ("index btree (name) on tag was added",)
    assert judged(POST | {index("tag", "twice", "name")}, POST | TAG | {index("tag", "twice", "name")}).added == (
        "index btree (name) on tag was added",
    )


def test_what_the_fix_changed_to_something_else_is_told() -> None:
    before, after = (POST | {column("post", "own", kind)} for kind in ("integer", "text"))
    assert judged(before, after | TAG).added == ("post.own was changed",)


def test_what_is_moved_aside_is_neither_added_nor_removed() -> None:
    moved = {fact._replace(schema="migsim_aside") for fact in OLD_TAG}
    aside = Fact("schema", "migsim_aside", "", "migsim_aside", ())
    rows = {"public.tag": 5, "migsim_aside.other": 1}
    verified = judged(
        POST | OLD_TAG,
        POST | TAG | moved | {aside},
        rows=rows,
        rows_after={"public.tag": 5, "migsim_aside.other": 1},
    )
    assert verified == Verified()
    lost = judged(POST | OLD_TAG, POST | TAG | moved, rows=rows, rows_after={"public.tag": 2})
    assert lost.rows_lost == {"public.tag": 3, "migsim_aside.other": 1}


def test_what_is_dropped_is_removed_unless_it_is_replaced_or_invalid() -> None:
    extra = {index("post", "p", "sku, id"), table("v", kind="view"), index("tag", "tag_i", "label", "INVALID")}
    assert judged(POST | extra, POST | TAG).removed == ("view v is gone", "index btree (sku, id) on post is gone")
    assert judged(POST | {unique("tag", "tag_name_key", "id")}, POST | TAG).removed == ()


DROPPED = {table("old"), column("old", "id"), column("post", "gone"), unique("post", "code_name", "gone")}


def test_what_pending_migrations_remove_may_go() -> None:
    extra = {column("old", "by_hand"), index("post", "by_hand", "gone")}
    here = {table("old"), column("old", "id"), column("post", "gone"), unique("post", "production_name", "gone")}
    verified = judged(POST | here | extra, POST | TAG, dropped=DROPPED)
    assert verified == Verified()


def test_what_pending_migrations_remove_may_not_stay() -> None:
    here = {table("old"), column("old", "id"), column("post", "gone"), unique("post", "production_name", "gone")}
    verified = judged(POST | here, POST | here | TAG, dropped=DROPPED)
    assert verified.missing == (
        "table old is still there",
        "post.gone is still there",
        "UNIQUE (gone) on post is still there",
    )


def test_what_is_removed_and_made_again_is_not_awaited_to_go() -> None:
    assert judged(POST | TAG, POST | TAG, dropped=TAG) == Verified()


def test_what_the_code_removes_from_this_very_database_may_go_and_may_stay() -> None:
    legacy = {table("legacy"), column("legacy", "x")}
    assert judged(POST | legacy, POST | TAG).removed == ("table legacy is gone",)
    assert judged(POST | legacy, POST | TAG, by_code=legacy) == Verified()
    assert judged(POST | legacy, POST | TAG | legacy, by_code=legacy) == Verified()


def test_rows_that_are_fewer_are_lost() -> None:
    rows = {"public.post": 3, "public.tag": 2, "public.django_migrations": 9}
    verified = judged(POST, POST | TAG, rows=rows, rows_after={"public.post": 2, "public.django_migrations": 8})
    assert verified.rows_lost == {"public.post": 1, "public.tag": 2}
    assert (
        judged(POST, POST | TAG, rows=rows, rows_after={name: count + 1 for name, count in rows.items()}).rows_lost
        == {}
    )


def test_rows_of_a_table_that_the_code_itself_drops_are_told_apart() -> None:
    verified = judged(POST | DROPPED, POST | TAG, rows={"public.old": 4}, rows_after={}, dropped=DROPPED)
    assert (verified.rows_lost, verified.rows_dropped) == ({}, {"public.old": 4})


def test_an_index_or_a_constraint_that_is_not_finished() -> None:
    broken = {index("tag", "tag_i", "name", "INVALID"), unique("tag", "tag_name_key", "name", valid="NOT VALID")}
    half = POST | {table("tag"), column("tag", "name", "text")} | broken
    verified = judged(POST, half)
    assert verified.missing == ("UNIQUE (name) on tag is NOT VALID", "index btree (name) on tag is INVALID")
    assert verified.invalid == (
        "UNIQUE (name) on tag is NOT VALID",
        "index btree (name) on tag is INVALID",
    )
    assert judged(half, half).invalid == ()


def test_a_column_that_the_code_does_not_know_and_must_fill() -> None:
    strange = {column("tag", "legacy", "text", "NOT NULL"), column("tag", "n", "bigint", "NOT NULL", "auto")}
    verified = judged(POST | TAG | strange, POST | TAG | strange)
    assert verified == Verified(unsafe=("tag.legacy is NOT NULL without a default: the code's inserts fail",))
    elsewhere = {column("post", "legacy", "text", "NOT NULL")}
    assert judged(POST | elsewhere, POST | TAG | elsewhere) == Verified()


def test_a_view_that_reads_from_what_was_moved_aside_is_as_it_was() -> None:
    def view(name: str, schema: str, text: str) -> Fact:
        return Fact("relation", schema, name, "", ("view", text))

    few = view("few", "public", " SELECT tag.id\n   FROM public.tag;")
    moved = view("few", "public", " SELECT tag.id\n   FROM migsim_aside.tag;")
    other = view("few", "public", " SELECT tag.name\n   FROM migsim_aside.tag;")
    aside = {Fact("relation", "migsim_aside", "tag", "", ("view", "x"))}
    before = {*POST, few, Fact("relation", "public", "tag", "", ("view", "x"))}
    assert judged(before, {*POST, *TAG, *aside, moved}) == Verified()
    assert judged(before, {*POST, *TAG, *aside, other}) != Verified()


def test_a_column_or_a_foreign_key_that_follows_what_was_moved_aside_is_changed() -> None:
    def of(schema: str) -> set[Fact]:
        pointing = ("foreign key", f"FOREIGN KEY (x) REFERENCES {schema}.mood(id)", "VALID")
        return {
            table("log"),
            column("log", "mood", f"{schema}.mood"),
            Fact("constraint", "public", "log", "fk", pointing),
        }

    changed = judged(POST | of("public"), POST | TAG | of("migsim_aside")).added
    assert len(changed) == 2


UNIQUE = unique("post", "post_sku_uniq", "sku")
AS_INDEX = Fact("index", "public", "post", "idx_1", ("CREATE UNIQUE INDEX ON public.post USING btree (sku)", "VALID"))


def test_what_a_migration_removes_is_gone_of_whatever_kind_it_stood_there() -> None:
    """From MySQL by pgloader: a unique index where the code has had a constraint."""
    standing = POST | {AS_INDEX}
    left = judged(standing, standing | TAG, dropped={UNIQUE})
    assert left.missing == ("index unique btree (sku) on post is still there",)
    assert judged(standing, POST | TAG, dropped={UNIQUE}).removed == ()
    assert judged(standing, POST | TAG).removed == ("index unique btree (sku) on post is gone",)


def test_an_index_that_has_become_a_constraint_is_not_gone() -> None:
    found = judged(POST | {AS_INDEX}, POST | TAG | {UNIQUE}, reference=POST | TAG | {UNIQUE})
    assert (found.removed, found.missing, found.added) == ((), (), ())
