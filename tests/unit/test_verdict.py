"""What decides the verdict: one test a rule, and its silence beside it."""

from dataclasses import replace
from typing import Any

import pytest

from simulator.errors import most_severe
from simulator.model import TIMEOUT, Failure, MigrationRun, Phase, Tables, Trace, Verdict
from simulator.scenario import Expect
from simulator.verdict import Evidence, Judgement, RestoreErrors, exit_code, judge, not_checked

RAN = Trace(complete=True, second_migrate=(), left=(), models_read=7, data_dependent=())
EXISTS = Failure(
    exception="django.db.utils.ProgrammingError",
    message='relation "blog_tag" already exists',
    phase=Phase.OPERATION,
    migration="blog.0003_tags",
    sqlstate="42P07",
    relation="blog_tag",
)
DENIED = replace(EXISTS, sqlstate="42501", message="must be owner of table blog_tag", denied="blog_tag of ops")
REFUSED = replace(EXISTS, sqlstate=None, sandbox="no connection to redis:6379")
RESTORE = Failure(exception="", message="type hstore does not exist", phase=Phase.RESTORE, sqlstate="42704")


def with_failure(failure: Failure) -> Trace:
    return Trace(complete=True, failure=failure)


def verdict(**facts: object) -> Verdict:
    return judge(Evidence(**facts)).verdict  # type: ignore[arg-type]


def test_safe_needs_the_end_the_second_migrate_and_the_models() -> None:
    assert verdict(trace=RAN) == Verdict.SAFE


@pytest.mark.parametrize(
    "trace",
    [
        None,
        replace(RAN, complete=False),
        replace(RAN, second_migrate=None),
        replace(RAN, models_read=None),
        replace(RAN, left=None),
        replace(RAN, left=("blog.0002_tag",)),
    ],
)
def test_what_was_not_checked_is_never_safe(trace: Trace | None) -> None:
    judgement = judge(Evidence(trace=trace))
    assert judgement.verdict == Verdict.UNKNOWN
    assert judgement.because


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase not in (Phase.SETTINGS, Phase.RESTORE)])
def test_every_phase_from_check_on_would_fail(phase: Phase) -> None:
    assert verdict(trace=with_failure(replace(EXISTS, phase=phase))) == Verdict.WOULD_FAIL


def test_settings_that_do_not_load_are_unknown_with_what_was_missing() -> None:
    missing = replace(EXISTS, phase=Phase.SETTINGS, sandbox="environment variable SECRET_KEY is not set")
    judgement = judge(Evidence(trace=with_failure(missing)))
    assert judgement.verdict == Verdict.UNKNOWN
    assert "SECRET_KEY" in judgement.because


def test_a_reason_of_the_sandbox_is_unknown_and_named() -> None:
    judgement = judge(Evidence(trace=with_failure(REFUSED)))
    assert judgement.verdict == Verdict.UNKNOWN
    assert "redis:6379" in judgement.because


def test_restore_errors_into_an_empty_database_are_unknown_even_when_migrate_ran() -> None:
    judgement = judge(Evidence(trace=RAN, restores=(RestoreErrors((RESTORE,), over_data=False),)))
    assert judgement.verdict == Verdict.UNKNOWN
    assert "42704" in judgement.because


def test_restore_errors_over_data_would_fail_in_phase_restore() -> None:
    judgement = judge(Evidence(trace=RAN, restores=(RestoreErrors((RESTORE,), over_data=True),)))
    assert (judgement.verdict, judgement.failure) == (Verdict.WOULD_FAIL, RESTORE)


def test_a_restore_without_errors_over_data_says_nothing() -> None:
    assert verdict(trace=RAN, restores=(RestoreErrors((), over_data=True),)) == Verdict.SAFE


def test_a_refusal_of_a_named_role_would_fail() -> None:
    assert verdict(trace=with_failure(DENIED), role_decides=True) == Verdict.WOULD_FAIL


def test_a_refusal_that_a_superuser_does_not_meet_is_unknown_and_names_object_and_role() -> None:
    judgement = judge(Evidence(trace=with_failure(DENIED), as_superuser=RAN, role="shop_app"))
    assert judgement.verdict == Verdict.UNKNOWN
    assert "blog_tag of ops" in judgement.because
    assert "shop_app" in judgement.because


def test_after_a_refusal_the_superusers_failure_is_the_verdict() -> None:
    judgement = judge(Evidence(trace=with_failure(DENIED), as_superuser=with_failure(EXISTS), role="shop_app"))
    assert (judgement.verdict, judgement.failure) == (Verdict.WOULD_FAIL, EXISTS)


def test_a_refusal_repeated_into_a_sandbox_reason_stays_unknown() -> None:
    again = with_failure(REFUSED)
    assert verdict(trace=with_failure(DENIED), as_superuser=again) == Verdict.UNKNOWN


def test_django_refusing_the_dumps_own_server_would_fail_although_a_newer_one_ran() -> None:
    refused = replace(EXISTS, phase=Phase.CHECK, sqlstate=None, message="PostgreSQL 14 or later is required")
    assert verdict(trace=RAN, refused_version=refused) == Verdict.WOULD_FAIL


def test_without_rows_an_operation_that_depends_on_them_is_unknown() -> None:
    trace = replace(RAN, data_dependent=("blog.0004: RunPython fill",))
    assert verdict(trace=trace, tier="schema") == Verdict.UNKNOWN
    assert verdict(trace=trace, tier="data") == Verdict.SAFE


@pytest.mark.parametrize(
    ("failure", "tier", "expected"),
    [
        ({"sqlstate": None, "exception": "blog.models.Post.DoesNotExist"}, "schema", Verdict.UNKNOWN),
        ({"sqlstate": "23503"}, "schema", Verdict.UNKNOWN),
        ({"sqlstate": "23503", "phase": Phase.DEFERRED, "operation": None}, "schema", Verdict.UNKNOWN),
        ({"sqlstate": "42P01"}, "schema", Verdict.WOULD_FAIL),
        ({"sqlstate": None, "operation": "Create model Tag"}, "schema", Verdict.WOULD_FAIL),
        ({"sqlstate": "23503"}, "data", Verdict.WOULD_FAIL),
    ],
)
def test_without_rows_a_failure_that_their_absence_explains_is_unknown(
    failure: dict[str, Any], tier: str, expected: Verdict
) -> None:
    ran = with_failure(replace(EXISTS, **{"migration": "blog.0004", "operation": "Raw Python operation", **failure}))
    trace = replace(ran, data_dependent=("blog.0004: Raw Python operation",))
    assert verdict(trace=trace, tier=tier) == expected


def test_without_rows_a_plan_that_could_not_be_read_is_unknown() -> None:
    trace = replace(RAN, data_dependent=None)
    assert verdict(trace=trace, tier="schema") == Verdict.UNKNOWN
    assert verdict(trace=trace, tier="data") == Verdict.SAFE


@pytest.mark.parametrize("command", [("migrate",), ("migrate", "--plan"), ("migrate", "--check")])
def test_a_command_that_leaves_migrations_pending_is_unknown_and_names_them(command: tuple[str, ...]) -> None:
    judgement = judge(Evidence(trace=replace(RAN, left=("blog.0002_tag",)), command=command))
    assert judgement.verdict == Verdict.UNKNOWN
    assert "blog.0002_tag" in judgement.because


def test_a_part_of_the_plan_that_was_asked_for_is_judged_alone() -> None:
    partly = replace(RAN, left=("shop.0002_sku",), migrations=(MigrationRun("blog.0002_tag", 0.1, 1),))
    assert verdict(trace=partly, command=("migrate", "blog")) == Verdict.SAFE
    assert verdict(trace=replace(partly, migrations=()), command=("migrate", "blog")) == Verdict.UNKNOWN
    assert any("shop.0002_sku" in note for note in not_checked(dump=True, tier="data", left=partly.left or ()))


def test_faking_proves_nothing() -> None:
    assert verdict(trace=RAN, command=("migrate", "--fake")) == Verdict.UNKNOWN
    assert verdict(trace=RAN, command=("migrate", "--fake-initial")) == Verdict.SAFE


@pytest.mark.parametrize(("given", "code"), [(Verdict.SAFE, 0), (Verdict.WOULD_FAIL, 1), (Verdict.UNKNOWN, 3)])
def test_exit_codes_without_expectation(given: Verdict, code: int) -> None:
    assert exit_code(Judgement(given), None) == code


@pytest.mark.parametrize(
    ("judgement", "expect", "code"),
    [
        (Judgement(Verdict.WOULD_FAIL, EXISTS), Expect(verdict="would-fail"), 0),
        (Judgement(Verdict.WOULD_FAIL, EXISTS), Expect(verdict="would-fail", sqlstate="42P07"), 0),
        (Judgement(Verdict.WOULD_FAIL, EXISTS), Expect(verdict="would-fail", sqlstate="42701"), 1),
        (Judgement(Verdict.WOULD_FAIL, EXISTS), Expect(verdict="would-fail", migration="blog.0004"), 1),
        (Judgement(Verdict.SAFE), Expect(verdict="would-fail"), 1),
        (Judgement(Verdict.UNKNOWN), Expect(verdict="unknown"), 0),
        (Judgement(Verdict.UNKNOWN), Expect(verdict="safe"), 3),
    ],
)
def test_an_expectation_is_met_exactly_or_not(judgement: Judgement, expect: Expect, code: int) -> None:
    assert exit_code(judgement, expect) == code


@pytest.mark.parametrize(("codes", "whole"), [([0, 0], 0), ([0, 3], 3), ([3, 1, 0], 1), ([1, 4, 3], 4)])
def test_several_scenarios_end_with_the_most_severe(codes: list[int], whole: int) -> None:
    assert most_severe(codes) == whole


def test_a_dump_never_shows_invalid_indexes() -> None:
    assert any("INVALID" in note for note in not_checked(dump=True, tier="data"))
    assert not any("INVALID" in note for note in not_checked(dump=False, tier="data"))
    assert any("tier: schema" in note for note in not_checked(dump=True, tier="schema"))


# --- a dump that is none of this project's database ------------------------------------------------

WHOLE = Tables(recorded=10, recorded_there=10, code=12, code_there=10)


def of_dump(tables: Tables | None = WHOLE, **facts: Any) -> Judgement:
    given = {"restores_dump": True, "histories": ("public",), "trace": replace(RAN, tables=tables), **facts}
    return judge(Evidence(**given))


@pytest.mark.parametrize(
    ("tables", "histories", "verdict"),
    [
        (WHOLE, ("public",), Verdict.SAFE),
        (Tables(0, 0, 12, 0), (), Verdict.UNKNOWN),  # an empty database, or another project's
        (Tables(0, 0, 12, 1), (), Verdict.SAFE),  # its history is gone; migrate says what that means
        (Tables(0, 0, 12, 0), ("public",), Verdict.SAFE),  # a history without a row: nothing was ever migrated
        (Tables(0, 0, 0, 0), (), Verdict.SAFE),  # code without a table of its own
        (Tables(10, 4, 12, 4), ("public",), Verdict.UNKNOWN),
        (Tables(10, 5, 12, 5), ("public",), Verdict.SAFE),
        (Tables(2, 0, 12, 0), ("other",), Verdict.UNKNOWN),
        (Tables(1, 0, 12, 0), ("public",), Verdict.SAFE),  # a table was dropped, which the look at the models tells
        (None, (), Verdict.SAFE),
    ],
)
def test_a_dump_without_the_projects_tables_is_unknown(
    tables: Tables | None, histories: tuple[str, ...], verdict: Verdict
) -> None:
    assert of_dump(tables, histories=histories).verdict is verdict
    assert of_dump(tables, histories=histories, restores_dump=False).verdict is Verdict.SAFE


def test_a_dump_without_any_row_has_lost_none_and_says_how_to_take_both() -> None:
    judgement = of_dump(without_rows=True, trace=with_failure(EXISTS))
    assert (judgement.verdict, judgement.failure) == (Verdict.UNKNOWN, EXISTS)
    assert "pg_dump -a -t django_migrations" in judgement.because
    assert of_dump(without_rows=True, histories=()).verdict is Verdict.SAFE


@pytest.mark.parametrize("phase", [Phase.SETTINGS, Phase.CHECK, Phase.LOAD])
def test_what_fails_before_the_database_is_asked_is_the_codes(phase: Phase) -> None:
    failed = replace(with_failure(replace(EXISTS, phase=phase, sqlstate=None)), tables=Tables(10, 0, 12, 0))
    assert "tables that the dump's own" not in of_dump(trace=failed).because


def test_what_is_still_running_when_the_time_is_over_is_unknown_and_named() -> None:
    hang = Failure(TIMEOUT, "still running", Phase.OPERATION, migration="blog.0002_tag")
    trace = replace(with_failure(hang), complete=False)
    judgement = judge(Evidence(trace=trace, timeout="30m"))
    assert (judgement.verdict, judgement.failure) == (Verdict.UNKNOWN, hang)
    assert judgement.because == "blog.0002_tag was still running when rehearse.timeout (30m) was over"
    start = replace(hang, migration=None, phase=Phase.SETTINGS)
    assert judge(Evidence(trace=with_failure(start))).because.startswith("the project's own start was still running")


def test_a_superuser_that_hangs_has_not_met_a_failure() -> None:
    denied = Failure("E", "permission denied", Phase.OPERATION, sqlstate="42501")
    hang = with_failure(Failure(TIMEOUT, "still running", Phase.OPERATION))
    assert judge(Evidence(trace=with_failure(denied), as_superuser=hang)).failure == denied
