"""The report's words on a terminal and its names in JSON."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from simulator.model import (
    TIMEOUT,
    Attempt,
    Dump,
    Failure,
    Finding,
    History,
    MigrationRun,
    Phase,
    ProjectVersion,
    Report,
    Verdict,
)
from simulator.reports import to_json, to_text
from simulator.reports.text import MOST_LINES
from simulator.wording import duration, ordinal, shorten

EXISTS = Failure(
    exception="django.db.utils.ProgrammingError",
    message='relation "blog_tag" already exists',
    phase=Phase.OPERATION,
    migration="blog.0003_tags",
    operation="Create model Tag",
    sqlstate="42P07",
    relation="blog_tag",
    sql='CREATE TABLE "blog_tag" ("id" bigint)',
)
FAILED = Report(
    scenario="prod-copy",
    verdict=Verdict.WOULD_FAIL,
    exit_code=1,
    engine="docker",
    role="shop_app",
    seconds=4.2,
    versions={"migsim": "0.1.0", "postgres": "15.20", "django": "5.2.19", "python": "3.11.2"},
    dump=Dump(Path("prod.dump"), "custom", taken_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC), dumped_from="15.4"),
    project=ProjectVersion("main", "3f2c9d1aaaa", False),
    history=History(
        recorded=2,
        pending=("blog.0002_slug", "blog.0003_tags", "blog.0004_more"),
        not_on_disk=("blog.0002_old",),
        renamed={"blog.0002_old": "blog.0003_old"},
    ),
    failure=EXISTS,
    findings=(Finding(1, EXISTS),),
    migrations=(MigrationRun("blog.0002_slug", 1.25, 4), MigrationRun("blog.0003_tags", 0.004, 1, finished=False)),
    not_checked=("locks",),
)


def text(report: Report) -> str:
    """As it stands in a pipe."""
    console = Console(width=200, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print("\n".join(to_text(report)), highlight=False, soft_wrap=True)
    return capture.get()


@pytest.mark.parametrize(
    "line",
    [
        "main@3f2c9d1 (clean)  Django 5.2.19  PostgreSQL 15.20  docker  role shop_app",
        "prod.dump, taken 2026-01-02 03:04, server 15.4, all rows",
        "migrate stops at the 2nd of 3 pending migrations:",
        "  blog.0003_tags, Create model Tag",
        '  42P07  relation "blog_tag" already exists',
        '  CREATE TABLE "blog_tag" ("id" bigint)',
        "  blog.0002_slug  1.2 s, 4 statements",
        "  blog.0003_tags  stops after 4 ms",
        "  blog.0004_more  not reached",
        "1 recorded, not on disk:",
        "  blog.0002_old  (on disk as blog.0003_old)",
        "Not checked  locks",
    ],
)
def test_a_failure_says_what_where_and_on_what(line: str) -> None:
    assert line in text(FAILED).splitlines()


def test_rows_without_a_file_are_called_harmless_where_nothing_fails() -> None:
    safe = text(replace(FAILED, verdict=Verdict.SAFE, failure=None, exit_code=0))
    assert "1 recorded, not on disk (harmless to migrate, which passes over rows without a file):" in safe.splitlines()


def test_the_first_line_is_the_verdict() -> None:
    first = text(FAILED).splitlines()[0]
    assert first.startswith("prod-copy  WOULD FAIL")
    assert first.endswith("4 s  exit 1")
    assert text(replace(FAILED, exit_code=0)).splitlines()[0].endswith("exit 0, as expected")


def test_safe_says_what_it_stands_on() -> None:
    ran = MigrationRun("blog.0002_slug", 0.1, 1)
    safe = Report("s", Verdict.SAFE, 0, history=History(pending=(ran.name,)), migrations=(ran,), models_read=7)
    assert "1 migration applied, a second migrate had nothing to do, 7 models read" in text(safe)
    assert "nothing was pending" in text(replace(safe, history=History(), migrations=()))
    assert "Valid for this commit and this dump only." in text(safe)


def test_only_a_safe_report_speaks_of_what_safe_stands_on() -> None:
    assert "second migrate" not in text(FAILED)


def test_unknown_says_why() -> None:
    report = Report("s", Verdict.UNKNOWN, 3, because="no connection to redis:6379")
    assert "Could not tell: no connection to redis:6379" in text(report)


def test_of_a_long_plan_only_what_stands_out_is_listed() -> None:
    names = tuple(f"blog.{number:04}" for number in range(MOST_LINES + 1))
    runs = (*(MigrationRun(name, 0.01, 1) for name in names[:-1]), MigrationRun(names[-1], 9.0, 1))
    shown = text(Report("s", Verdict.SAFE, 0, history=History(pending=names), migrations=runs))
    assert "blog.0015  9.0 s" in shown
    assert "blog.0003" not in shown
    assert f"and {MOST_LINES} more, 150 ms together" in shown


def test_what_was_tried_is_told() -> None:
    report = replace(FAILED, attempts=(Attempt("tcp", "prod-db:5432"),))
    assert "a connection to prod-db:5432 (tcp): not let out" in text(report)


def test_markup_in_the_users_names_is_text() -> None:
    report = replace(FAILED, failure=replace(EXISTS, message="[red]no[/red] [bold"))
    assert "[red]no[/red] [bold" in text(report)


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd"), (112, "112th")]
)
def test_ordinals(number: int, words: str) -> None:
    assert ordinal(number) == words


@pytest.mark.parametrize(("seconds", "words"), [(0.004, "4 ms"), (1.25, "1.2 s"), (119, "119.0 s"), (180, "3.0 min")])
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_sql_is_one_line_and_not_a_page() -> None:
    assert shorten("CREATE\n  TABLE x") == "CREATE TABLE x"
    assert len(shorten("x" * 500)) == 160


def test_json_keeps_the_contracts_names() -> None:
    data = json.loads(to_json([FAILED]))
    assert data["schema"] == "migsim.report/1"
    assert (data["verdict"], data["exit_code"], data["role"]) == ("would-fail", 1, "shop_app")
    assert data["history"]["pending"] == ["blog.0002_slug", "blog.0003_tags", "blog.0004_more"]
    assert data["failure"]["relation"] == "blog_tag"
    assert data["findings"][0] | data["failure"] == data["findings"][0]
    assert data["dump"]["taken_at"] == "2026-01-02T03:04:00+00:00"
    assert data["error"] is None


def test_several_reports_share_an_envelope() -> None:
    data = json.loads(to_json([FAILED, FAILED]))
    assert data["schema"] == "migsim.reports/1"
    assert [report["scenario"] for report in data["reports"]] == ["prod-copy", "prod-copy"]


def test_an_error_is_a_report_too() -> None:
    broken = Report("s", Verdict.UNKNOWN, 3, error=("no engine", "migsim doctor"))
    assert json.loads(to_json([broken]))["error"] == {"message": "no engine", "hint": "migsim doctor"}
    assert "no engine\nhint: migsim doctor" in text(broken)


@pytest.mark.parametrize(
    ("sql", "waits_for", "said", "hint"),
    [
        (
            "UPDATE t",
            "another connection of the project's own, idle",
            "waits for another",
            "no longer rehearse.timeout",
        ),
        ("UPDATE t", "a prepared transaction", "waits for a prepared", "see who holds that lock"),
        ("UPDATE t", None, "waits for no lock: it is slow", "EXPLAIN"),
        (None, None, "no statement was running", "look at that line"),
    ],
)
def test_a_hang_says_where_for_how_long_and_what_to_look_at(
    sql: str | None, waits_for: str | None, said: str, hint: str
) -> None:
    failure = replace(EXISTS, exception=TIMEOUT, sqlstate=None, message="m", sql=sql, seconds=75.0, waits_for=waits_for)
    report = replace(FAILED, verdict=Verdict.UNKNOWN, exit_code=3, failure=failure, findings=(Finding(1, failure),))
    lines = text(report).splitlines()
    start = lines.index("migrate was still running when the time was over:")
    assert lines[start + 1] == "  blog.0003_tags, Create model Tag"
    assert lines[start + 2].startswith("  Timeout  75.0 s")
    block = "\n".join(lines[start:])
    assert said in block
    assert hint in next(line for line in lines if line.startswith("hint: "))


def test_which_database_of_a_pg_dumpall_it_was_and_that_its_server_is_not_known() -> None:
    assert FAILED.dump
    text = "\n".join(to_text(replace(FAILED, dump=replace(FAILED.dump, database="shop", dumped_from=None))))
    assert "prod.dump, database shop, taken" in text
    assert "server not known" in text
