"""The way back of a statement: one that is right, or none."""

from __future__ import annotations

import pytest

from simulator.postgres.undo import way_back, ways_back


@pytest.mark.parametrize(
    ("statement", "back"),
    [
        ('CREATE UNIQUE INDEX "a b" ON "s"."t" ("c")', 'DROP INDEX "s"."a b"'),
        ("CREATE INDEX CONCURRENTLY i ON t (c)", "DROP INDEX CONCURRENTLY i"),
        ('CREATE TABLE "t" ("id" int)', 'DROP TABLE "t"'),
        ('ALTER TABLE "t" ADD COLUMN "n" numeric(10, 2) NULL', 'ALTER TABLE "t" DROP COLUMN "n"'),
        ("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)", "ALTER TABLE t DROP CONSTRAINT c"),
        ('ALTER TABLE "s"."old" RENAME TO "new"', 'ALTER TABLE "s"."new" RENAME TO "old"'),
        ('ALTER TABLE "t" RENAME COLUMN "a" TO "b"', 'ALTER TABLE "t" RENAME COLUMN "b" TO "a"'),
        ("ALTER TABLE t ALTER c SET NOT NULL;", "ALTER TABLE t ALTER COLUMN c DROP NOT NULL"),
        ("ALTER TABLE t ALTER COLUMN c DROP NOT NULL", "ALTER TABLE t ALTER COLUMN c SET NOT NULL"),
    ],
)
def test_a_statement_is_taken_back_by_its_opposite(statement: str, back: str) -> None:
    assert way_back(statement) == back


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE t",
        "ALTER TABLE t DROP COLUMN c",
        "ALTER TABLE t ALTER c TYPE varchar(10)",
        "ALTER TABLE t ADD COLUMN a int, ADD COLUMN b int",
        "ALTER TABLE t ADD COLUMN a int; DROP TABLE u",
        "ALTER TABLE t ADD PRIMARY KEY (id)",
        "ALTER TABLE t ALTER c SET DEFAULT 1",
        "CREATE INDEX ON t (c)",
        "CREATE INDEX IF NOT EXISTS i ON t (c)",
        "CREATE TABLE IF NOT EXISTS t (a int)",
        "ALTER TABLE t ADD COLUMN IF NOT EXISTS c int",
        "UPDATE t SET a = 'CREATE TABLE x ('",
    ],
)
def test_what_may_lose_something_or_is_not_known_has_no_way_back(statement: str) -> None:
    assert way_back(statement) is None
    assert ways_back(("CREATE TABLE t (a int)", statement)) is None


def test_several_are_taken_back_the_last_first() -> None:
    assert ways_back(("CREATE TABLE t (a int)", "CREATE INDEX i ON t (a)")) == ("DROP INDEX i", "DROP TABLE t")
