"""What a person is asked: a decision with its numbers, and queries and statements that run on the reader's database."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.support import blog
from tests.support.blog import Production, migration_of
from tests.support.command import Command
from tests.support.probing import migration
from tests.support.server import Server

ALTER = 'migrations.AlterField("Post", "{}", models.{})'
CONSTRAIN = 'migrations.AddConstraint("Post", models.{})'
ADD = 'migrations.AddField("Post", "{}", models.{})'
# What was done to production, the operations of the pending migration, the decision, and the number of rows.
CASES = {
    "nulls": (
        "ALTER TABLE blog_post ALTER title DROP NOT NULL; UPDATE blog_post SET title = NULL WHERE id > 1;",
        'migrations.RunSQL("ALTER TABLE blog_post ALTER title SET NOT NULL")',
        "decide on a value for blog_post.title in 2 rows with NULL, or allow NULL in the code",
        2,
    ),
    "orphans": (
        "ALTER TABLE blog_post ADD tag bigint; UPDATE blog_post SET tag = id WHERE id < 3;"
        'CREATE TABLE "Blog Tag" (id bigint PRIMARY KEY); INSERT INTO "Blog Tag" VALUES (1);',
        'migrations.RunSQL("ALTER TABLE blog_post ADD CONSTRAINT fk FOREIGN KEY (tag) REFERENCES \\"Blog Tag\\" (id)")',
        "decide about 1 row of blog_post pointing to nothing (fk): delete them, or point them to a row",
        1,
    ),
    "duplicates": (
        "INSERT INTO blog_post (title) VALUES ('b'), ('c'), ('c');",
        ALTER.format("title", "CharField(max_length=100, unique=True)"),
        "have the same title: 2 values, as the query shows",
        2,
    ),
    "duplicates of an expression in a part": (
        "INSERT INTO blog_post (title) VALUES ('B'), ('A'), ('a');",
        CONSTRAIN.format(
            'UniqueConstraint(Lower("title"), condition=models.Q(title__gt="AZ"), name="few")'.replace(
                "Lower", "models.functions.Lower"
            )
        ),
        "1 value, as the query shows",
        1,
    ),
    "a check": (
        "",
        CONSTRAIN.format('CheckConstraint(condition=models.Q(title__lt="b"), name="early")'),
        "decide about 2 rows of blog_post breaking a check (early): other values, or another check in the code",
        2,
    ),
    "too long": (
        "",
        ALTER.format("title", "CharField(max_length=5)"),
        "decide what becomes of 1 row of blog_post not fitting title (character varying(100)) as character varying(5)",
        1,
    ),
    "a new column": ("", ADD.format("slug", "IntegerField()"), "in 3 rows", None),
}
FROM_NOTHING = {
    "orphans": 'migrations.RunSQL("ALTER TABLE blog_post ADD COLUMN IF NOT EXISTS tag bigint;'
    ' CREATE TABLE IF NOT EXISTS \\"Blog Tag\\" (id bigint PRIMARY KEY)")',
}
# What a run makes for itself, and a reader has nowhere.
OF_THE_RUN = re.compile(r"\b(?:rehearsal|reference|baseline)\d")


@pytest.fixture
def asked(migsim: Command, production: Production) -> Any:
    """The steps of a person's in a report about that production and that migration."""

    def rehearse(script: str, text: str, **changes: Any) -> tuple[list[dict[str, str]], dict[str, Any]]:
        production.dump(blog.PRODUCTION + script).rename(migsim.folder / "prod.dump")
        blog.write(migsim.folder, {"blog/migrations/0003_more.py": text})
        blog.scenario(migsim.folder, **changes)
        report = migsim.rehearse(trials=True)
        assert not OF_THE_RUN.search(json.dumps(report)), OF_THE_RUN.search(json.dumps(report))
        assert blog.ROW not in json.dumps(report)
        steps = [step for fix in report["fixes"] for step in fix["steps"] if "person" in step]
        for step in steps:
            assert not re.search(r"\b(SELECT|ALTER|UPDATE|GRANT|look into)\b|\{", step["person"]), step
        return steps, report

    return rehearse


@pytest.mark.parametrize("name", CASES)
def test_a_query_runs_where_its_reader_is_and_has_as_many_rows_as_the_words_say(
    asked: Any, server: Server, name: str
) -> None:
    script, operation, decision, rows = CASES[name]
    operations = ", ".join(filter(None, (FROM_NOTHING.get(name), operation)))
    steps, report = asked(script, migration(operations, "blog.0002_tag"))
    assert report["verdict"] == "would-fail", report["failure"]
    assert [step for step in steps if decision in step["person"]], (steps, report["failure"])
    (step,) = [step for step in steps if decision in step["person"]]
    assert ("query" in step) is (rows is not None)
    if rows is not None:
        with server.database("reader", blog.PRODUCTION + script):
            assert len(server.query("reader", step["query"])) == rows


def test_what_the_code_would_write_itself_is_in_no_query(asked: Any) -> None:
    body = "posts = apps.get_model('blog', 'Post').objects\nif posts.exists():\n    posts.create(title=None)"
    steps, _report = asked("", migration_of(body, "blog.0002_tag"))
    (step,) = steps
    assert step["person"].startswith("decide what the code of blog.0003_more is to write")
    assert set(step) == {"person"}


def test_a_statement_for_another_role_runs_on_the_database_it_is_for(asked: Any, server: Server) -> None:
    script = (
        "RESET SESSION AUTHORIZATION; ALTER TABLE blog_post OWNER TO postgres; GRANT SELECT ON blog_post TO blog_app;"
    )
    steps, report = asked(script, migration(ADD.format("n", "IntegerField(null=True)"), "blog.0002_tag"))
    assert report["failure"]["sqlstate"] == "42501"
    (step,) = [step for step in steps if "statement" in step]
    assert step["person"] == "have postgres or a superuser hand blog_post over to blog_app"
    with server.database("reader", blog.PRODUCTION):
        server.execute("reader", step["statement"])


def test_the_copys_own_name_is_in_no_report(asked: Any) -> None:
    body = (
        "connection = schema_editor.connection\n"
        "if apps.get_model('blog', 'Post').objects.exists():\n"
        "    connection.cursor().execute('REASSIGN OWNED BY {0} TO {0}'.format(connection.settings_dict['NAME']))"
    )
    _steps, report = asked("", migration_of(body, "blog.0002_tag"))
    assert (report["failure"]["sqlstate"], report["failure"]["sql"]) == ("42704", "REASSIGN OWNED BY … TO …")


def test_in_words_the_query_stands_on_a_line_of_its_own(migsim: Command, production: Production) -> None:
    script, operation, decision, _rows = CASES["duplicates"]
    production.dump(blog.PRODUCTION + script).rename(migsim.folder / "prod.dump")
    blog.write(migsim.folder, {"blog/migrations/0003_more.py": migration(operation, "blog.0002_tag")})
    lines = migsim.run().stdout.splitlines()
    number = next(number for number, line in enumerate(lines) if decision in line)
    assert lines[number + 1].strip().startswith("SELECT title, count(*) FROM")
    assert lines[number + 1].endswith(";")
