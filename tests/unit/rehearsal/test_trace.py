"""The probe's lines become values; what is missing or strange makes the trace incomplete."""

from __future__ import annotations

import json

import pytest

from simulator.model import (
    Address,
    Alias,
    Attempt,
    CodeRun,
    Delta,
    Fact,
    Failure,
    History,
    MigrationRun,
    Phase,
    Ran,
    Step,
    Trace,
)
from simulator.rehearsal.trace import Request, name_owner, note_unfilled_alias, read, request_json, unseen_history

FAILURE: dict[str, object] = {
    "exception": "X",
    "message": "m",
    "phase": "operation",
    "sqlstate": None,
    "facts": {"chain": []},
}


def lines(*events: dict[str, object]) -> str:
    return "".join(json.dumps({"v": 1, **event}) + "\n" for event in events)


def end(*events: dict[str, object]) -> str:
    return lines(*events, {"event": "end"})


def reason(attempts: int = 0, **failure: object) -> str | None:
    """The sandbox's part in a failure with those fields."""
    tried: list[dict[str, object]] = [
        {"event": "attempt", "kind": "tcp", "address": f"db:{number}"} for number in range(attempts)
    ]
    found = read(end({"event": "failure", **FAILURE, **failure}, *tried)).failure
    assert found is not None
    return found.sandbox


def link(**facts: object) -> dict[str, object]:
    nothing = {"class": "E", "bases": ["Exception"], "driver": False, "sqlstate": None, "errno": None}
    return {"facts": {"chain": [{**nothing, "about_file": False, **facts}]}}


def test_a_whole_trace() -> None:
    trace = read(
        end(
            {"event": "versions", "django": "5.2", "driver": "psycopg 3.3.9", "python": "3.11.2"},
            {"event": "settings", "module": "shop.settings"},
            {"event": "alias", "name": "default", "engine": "e", "vendor": "postgresql", "same_as": None},
            {"event": "dependency", "minimum_database_version": None},
            {"event": "applying", "name": "app.0001"},
            {"event": "migration", "name": "app.0001", "seconds": 0.5, "statements": 3, "finished": True},
            {"event": "attempt", "kind": "tcp", "address": "db:5432"},
            {"event": "attempt", "kind": "tcp", "address": "db:5432"},
            {"event": "second_migrate", "names": []},
            {"event": "left", "names": []},
            {"event": "models_read", "count": 4},
        )
    )
    assert trace == Trace(
        complete=True,
        versions={"django": "5.2", "driver": "psycopg 3.3.9", "python": "3.11.2"},
        aliases=(Alias("default", "e", "postgresql"),),
        settings_module="shop.settings",
        migrations=(MigrationRun("app.0001", 0.5, 3),),
        attempts=(Attempt("tcp", "db:5432"),),
        second_migrate=(),
        left=(),
        models_read=4,
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        lines({"event": "settings", "module": "s"}),
        end({"event": "settings", "module": "s"})[:-5],
        end({"event": "settings", "module": "s"}) + '{"v": 1, "event": "fail',
        end({"event": "settings", "module": "s"}).replace('"v": 1', '"v": 2'),
        end() + "noise\n",
    ],
)
def test_what_is_cut_or_of_another_version_is_incomplete(text: str) -> None:
    assert not read(text).complete


def test_a_migration_that_never_ended_is_unfinished() -> None:
    trace = read(lines({"event": "applying", "name": "app.0001"}))
    assert trace.migrations == (MigrationRun("app.0001", 0.0, 0, finished=False),)


def test_the_first_failure_counts() -> None:
    trace = read(end({"event": "failure", **FAILURE}, {"event": "failure", **FAILURE, "exception": "Y"}))
    assert trace.failure is not None
    assert (trace.failure.exception, trace.failure.phase) == ("X", Phase.OPERATION)


def test_work_left_for_a_second_migrate_is_a_failure() -> None:
    failure = read(end({"event": "second_migrate", "names": ["app.0001"]})).failure
    assert failure is not None
    assert (failure.phase, failure.migration) == (Phase.SMOKE, "app.0001")


@pytest.mark.parametrize("sqlstate", ["08006", "53100", "58030", "57P01", "57P03"])
def test_the_server_itself_is_the_sandbox(sqlstate: str) -> None:
    assert sqlstate in (reason(sqlstate=sqlstate) or "")


@pytest.mark.parametrize("sqlstate", ["42P07", "57014", "55P03", "40P01", "0A000", "54000", None])
def test_other_errors_are_not(sqlstate: str | None) -> None:
    assert reason(sqlstate=sqlstate, attempts=1) is None


@pytest.mark.parametrize(
    "facts",
    [
        link(bases=["ConnectionRefusedError", "ConnectionError", "OSError"], errno="ECONNREFUSED"),
        link(bases=["gaierror", "OSError"]),
        link(bases=["OSError"], errno="ENETUNREACH"),
        link(bases=["FileNotFoundError", "OSError"], errno="ENOENT"),
        link(bases=["OperationalError", "DatabaseError"], driver=True),
    ],
)
def test_a_connection_that_failed_is_the_sandbox_and_named(facts: dict[str, object]) -> None:
    assert reason(attempts=2, **facts) == "a connection failed: db:0, db:1"


@pytest.mark.parametrize(
    "facts",
    [
        link(bases=["FileNotFoundError", "OSError"], errno="ENOENT", about_file=True),
        link(bases=["OperationalError", "DatabaseError"], driver=True, sqlstate="55006"),
        link(bases=["ProgrammingError", "DatabaseError"], driver=True),
    ],
)
def test_a_missing_file_and_a_wrong_call_are_not(facts: dict[str, object]) -> None:
    assert reason(attempts=1, **facts) is None


def test_a_missing_extension_is_the_sandbox() -> None:
    facts = {"chain": [], "creates_extension": "postgis"}
    assert reason(sqlstate="0A000", facts=facts) == "the sandbox's server lacks the extension postgis"
    assert reason(sqlstate="42501", facts=facts) is None


def test_settings_are_always_the_sandbox() -> None:
    assert reason(phase="settings") == "the project's settings do not load: X: m"
    missing = {"chain": [], "missing_variable": "SHOP_KEY"}
    assert (
        reason(phase="settings", facts=missing)
        == "the settings need the environment variable SHOP_KEY: --env SHOP_KEY=VALUE"
    )


def test_the_request_as_the_probe_reads_it() -> None:
    request = Request("migrate", "/t", databases={"default": Address("/sock", 5432, "db", "app", "pw")}, guard=True)
    assert json.loads(request_json(request)) == {
        "v": 1,
        "mode": "migrate",
        "trace": "/t",
        "manage": "manage.py",
        "settings": None,
        "alias": "default",
        "databases": {"default": {"HOST": "/sock", "PORT": "5432", "NAME": "db", "USER": "app", "PASSWORD": "pw"}},
        "command": ["migrate"],
        "replay": True,
        "smoke": True,
        "guard": True,
        "catalog": None,
        "steps": [],
        "resets": [],
        "originals": [],
        "whole": False,
        "schema": None,
        "names": [],
    }


def test_a_trials_steps_are_commands_and_sql() -> None:
    request = Request("trial", "/t", catalog=True, steps=(Step(manage=("migrate", "blog")), Step(sql="SELECT 1")))
    asked = json.loads(request_json(request))
    assert asked["steps"] == [{"manage": ["migrate", "blog"]}, {"sql": "SELECT 1"}]
    assert set(asked["catalog"]) == {"query", "settings"}


def test_a_survey_is_read_with_what_it_met_ran_and_changed() -> None:
    met = dict(FAILURE, sqlstate="42P07", operation_index=2)
    trace = read(
        lines(
            {
                "event": "file",
                "name": "blog.1",
                "parents": ["shop.1"],
                "named": ["shop.1"],
                "replaces": [],
                "atomic": True,
                "initial": True,
                "path": "blog/migrations/1.py",
                "operations": [{"kind": "RunSQL", "text": "Raw SQL", "runs_code": True, "model": None, "table": None}],
            },
            {"event": "delta", "migration": "blog.1", "added": [["schema", "a", "", "a", []]], "removed": []},
            dict(met, event="met"),
            {
                "event": "ran",
                "migration": "blog.1",
                "operation_index": 0,
                "sql": "S",
                "deferred": True,
                "run_sql": False,
            },
            {"event": "code_run", "migration": "blog.1", "operation_index": 1, "rows_changed": 3},
            {"event": "surveyed"},
            {"event": "end"},
        )
    )
    assert trace.survey is not None
    assert [(one.failure.sqlstate, one.operation_index) for one in trace.survey.met] == [("42P07", 2)]
    assert trace.survey.ran == (Ran("blog.1", 0, "S", deferred=True),)
    assert trace.survey.code_runs == (CodeRun("blog.1", 1, 3),)
    assert trace.deltas == (Delta("blog.1", frozenset({Fact("schema", "a", "", "a", ())}), frozenset()),)
    assert trace.files[0].operations[0].runs_code
    assert trace.files[0].named == ("shop.1",)
    assert trace.failure is None


def test_a_trials_step_that_failed_says_how() -> None:
    trace = read(
        lines(
            {"event": "step", "index": 0, "seconds": 0.5, "failure": dict(FAILURE, sqlstate="42P07")}, {"event": "end"}
        )
    )
    assert trace.steps[0].failure is not None
    assert trace.steps[0].failure.sqlstate == "42P07"


def test_a_second_migrate_with_work_left_is_a_failure_in_phase_smoke() -> None:
    trace = read(end({"event": "second_migrate", "names": ["blog.0004_slug"]}))
    assert trace.failure is not None
    assert (trace.failure.phase, trace.failure.migration) == (Phase.SMOKE, "blog.0004_slug")


def test_a_failure_in_a_database_that_nothing_filled_is_the_sandboxs() -> None:
    failed = Trace(complete=True, failure=Failure("E", "m", Phase.OPERATION, alias="replica"))
    noted = note_unfilled_alias(failed, ("replica",)).failure
    assert noted is not None
    assert noted.sandbox == (
        "it was met in the database of alias replica, which is empty: `baselines:` has no steps for it"
    )
    assert note_unfilled_alias(failed, ("other",)) == failed
    assert note_unfilled_alias(Trace(complete=True), ("replica",)) == Trace(complete=True)


def test_a_refusal_names_the_owner() -> None:
    failed = Trace(complete=True, failure=Failure("E", "m", Phase.OPERATION, sqlstate="42501", relation="post"))
    named = name_owner(failed, "admin").failure
    assert named is not None
    assert (named.denied, named.denied_owner) == ("post belongs to admin", "admin")


@pytest.mark.parametrize(
    ("places", "history", "seen"),
    [
        (("legacy",), History(schemas=("public",)), False),
        (("public",), History(schemas=("public",)), True),
        (("legacy",), History(recorded=3, schemas=("public",)), True),
        (("legacy",), History(), True),  # where the project looks is not known
        ((), History(schemas=("public",)), True),
        (("legacy",), None, True),
    ],
)
def test_a_history_where_the_project_does_not_look(
    places: tuple[str, ...], history: History | None, seen: bool
) -> None:
    assert (unseen_history(places, history) is None) == seen
