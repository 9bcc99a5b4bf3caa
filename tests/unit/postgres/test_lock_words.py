"""What is said of a statement's effect on others; its lock itself is held against each server."""

from __future__ import annotations

import pytest

from simulator.postgres.locks import effects, of_script, statements


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("ALTER TABLE t ADD COLUMN c integer", "blocks reads and writes of t, for a moment"),
        ("ALTER TABLE t ALTER c TYPE bigint USING c::bigint", "rewrites t; blocks reads and writes meanwhile"),
        (
            "ALTER TABLE t ALTER c TYPE bigint",
            "rewrites t (unless its values stay as they are); blocks reads and writes meanwhile",
        ),
        ('CREATE INDEX i ON "My Table" (c)', "builds an index on My Table; blocks writes meanwhile"),
        (
            "CREATE INDEX CONCURRENTLY i ON t (c)",
            "builds an index on t; blocks neither reads nor writes",
        ),
        ("ALTER TABLE t VALIDATE CONSTRAINT k", "reads all rows of t; blocks neither reads nor writes"),
        (
            "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (c) REFERENCES o (id)",
            "reads all rows of t; blocks writes, and writes to o meanwhile",
        ),
        ("UPDATE t SET c = 1", "blocks other writes to the same rows of t, until its transaction ends"),
        ("INSERT INTO django_migrations (app) VALUES ('ALTER TABLE x')", ""),
        ("SELECT 1", ""),
        ("CREATE TABLE t (id integer)", ""),
    ],
)
def test_in_words(statement: str, words: str) -> None:
    assert effects(statement).words == words


def test_a_longer_varchar_is_not_written_anew_where_the_old_one_is_known() -> None:
    statement = "ALTER TABLE public.t ALTER COLUMN c TYPE varchar(64);"
    assert not effects(statement, {("t", "c"): "character varying(32)"}).rewrites
    assert effects(statement, {("t", "c"): "character varying(80)"}).rewrites
    assert effects(statement, {("t", "c"): "text"}).rewrites


def test_a_script_is_taken_apart_where_its_statements_end() -> None:
    script = "COMMENT ON TABLE t IS 'a; b';\nDO $$ BEGIN x; END $$;\nDROP TABLE \"a;b\" -- the; end\n;"
    assert len(statements(script)) == 3
    assert [(one.relation, one.blocks) for one in of_script(script)] == [("a;b", ("reads", "writes"))]


def test_a_name_stays_within_its_line() -> None:
    assert "\n" not in effects('DROP TABLE "a\nrm -rf /"').words
