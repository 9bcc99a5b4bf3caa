"""A rehearsal's report: what it says of one that came to an end, and of one that did not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from simulator.baseline.build import Baseline
from simulator.baseline.roles import RolePlan
from simulator.diagnosis import Diagnosis
from simulator.errors import CannotTell, ExitCode
from simulator.model import (
    Alias,
    Attempt,
    Dump,
    Failure,
    Finding,
    Fix,
    History,
    Phase,
    ProjectVersion,
    Trace,
    Verdict,
)
from simulator.report import Machine, Rehearsed, build, of_conflict, of_error
from simulator.scenario import Django, Restore, Scenario
from simulator.sources.trees import Sources, Tree
from simulator.verdict import Judgement, RestoreErrors

SCENARIO = Scenario(version=1, name="prod-copy", django=Django(project="."))
TREE = Tree(Path("/shop"), Path("/shop"), ProjectVersion(ref="main", commit="3f2c9d1"))
SOURCES = Sources(code=TREE, refs={}, dumps={}, scripts={})
EXISTS = Failure("ProgrammingError", "relation exists", Phase.OPERATION, migration="blog.0002", sqlstate="42P07")
RESTORE = Failure("", "duplicate key", Phase.RESTORE, sqlstate="23505", relation="post")
SETTINGS = Trace(
    complete=True,
    versions={"django": "5.2.1"},
    aliases=(Alias("default", "django.db.backends.postgresql", "postgresql"), Alias("old", "…mysql", "mysql")),
    attempts=(Attempt("tcp", "10.0.0.1:443"),),
)
RAN = Trace(complete=True, versions={"django": "5.2.1", "driver": "psycopg 3"}, left=(), second_migrate=())
ROLE = RolePlan("shop_app", superuser=False)
SAFE = Rehearsed(
    scenario=SCENARIO,
    sources=SOURCES,
    machine=Machine("embedded", "15.20 (Debian 15.20-1)", ("the server is PostgreSQL 15.20, not 14",)),
    settings=SETTINGS,
    judgement=Judgement(Verdict.SAFE),
    trace=RAN,
    baseline=Baseline(sealed={"default": "baseline0"}, role=ROLE),
)


def test_what_a_safe_one_says() -> None:
    report = build(SAFE)
    assert (report.scenario, report.verdict, report.exit_code, report.role) == ("prod-copy", "safe", 0, "shop_app")
    assert report.versions["postgres"] == "15.20"  # without the packager's own addition
    assert (report.versions["django"], report.versions["driver"]) == ("5.2.1", "psycopg 3")
    assert report.attempts == (Attempt("tcp", "10.0.0.1:443"),)
    assert report.warnings == ("the server is PostgreSQL 15.20, not 14",)
    assert "the database alias old (mysql); only PostgreSQL is rehearsed" in report.not_checked
    assert (report.findings, report.fixes, report.failure, report.unmet) == ((), (), None, "")


def test_warnings_come_in_the_order_of_the_run() -> None:
    trace = replace(RAN, history=History(schemas=("public",)), notices=("drop cascades to view report",))
    done = replace(
        SAFE,
        sources=replace(SOURCES, warnings=("uncommitted changes",)),
        unset=("SECRET_KEY", "DEBUG"),
        trace=trace,
        baseline=Baseline(sealed={}, role=ROLE, warnings=("no privileges",), histories=("legacy",)),
        diagnosis=Diagnosis(warnings=("nothing was compared",)),
    )
    assert build(done).warnings == (
        "uncommitted changes",
        "django.environment names SECRET_KEY, DEBUG, which are not set here; the settings load without",
        "the server is PostgreSQL 15.20, not 14",
        "no privileges",
        "django_migrations is in the schema legacy, where the project does not look (public): migrate starts anew",
        "drop cascades to view report",
        "nothing was compared",
    )


def test_settings_that_do_not_load_leave_no_role_and_no_baseline() -> None:
    failure = Failure("ImproperlyConfigured", "SECRET_KEY", Phase.SETTINGS)
    settings = replace(SETTINGS, failure=failure, settings_module="shop.settings")
    judgement = Judgement(Verdict.UNKNOWN, failure, "the project's settings did not load")
    report = build(replace(SAFE, settings=settings, judgement=judgement, trace=None, baseline=None))
    assert (report.role, report.exit_code, report.settings) == (None, ExitCode.CANNOT_TELL, "shop.settings")
    assert [finding.failure for finding in report.findings] == [failure]
    assert report.because == "the project's settings did not load"


def test_without_a_diagnosis_the_restores_errors_come_first_then_migrates() -> None:
    baseline = Baseline(sealed={}, role=ROLE, restores=(RestoreErrors((RESTORE,), over_data=True),))
    failed = replace(RAN, failure=EXISTS)
    for judged in (Judgement(Verdict.WOULD_FAIL, RESTORE), Judgement(Verdict.WOULD_FAIL, EXISTS)):
        report = build(replace(SAFE, judgement=judged, trace=failed, baseline=baseline))
        assert [(finding.id, finding.failure) for finding in report.findings] == [(1, RESTORE), (2, EXISTS)]
        assert report.failure == judged.failure


def test_a_diagnosis_has_the_findings_and_the_fixes() -> None:
    diagnosis = Diagnosis(findings=(Finding(1, EXISTS),), fixes=(Fix("fake-exactly", "record it", ()),))
    done = replace(SAFE, judgement=Judgement(Verdict.WOULD_FAIL, EXISTS), diagnosis=diagnosis)
    report = build(done)
    assert (report.findings, report.fixes, report.exit_code) == (diagnosis.findings, diagnosis.fixes, 1)


def test_a_dump_and_its_checksum_and_what_was_kept_are_named() -> None:
    dump = Dump(path=Path("prod.dump"), format="custom")
    sources = replace(SOURCES, dumps={Restore(dump="prod.dump"): dump})
    report = build(replace(SAFE, sources=sources, dump_sha256="ab12", kept="psql -h /run"))
    assert (report.dump, report.dump_sha256, report.kept) == (dump, "ab12", "psql -h /run")
    assert any("INVALID indexes" in note for note in report.not_checked)


def test_branches_that_do_not_merge() -> None:
    tree = replace(TREE, conflicts=("blog/models.py",), conflicting_ref="feature")
    report = of_conflict(SCENARIO, replace(SOURCES, code=tree))
    assert (report.verdict, report.exit_code) == (Verdict.UNKNOWN, ExitCode.CANNOT_TELL)
    assert report.because == "feature does not merge: conflicts in blog/models.py"
    assert [finding.failure for finding in report.findings] == [report.failure]


def test_what_could_not_be_found_out_is_a_report_with_its_hint() -> None:
    report = of_error(SCENARIO, CannotTell("no engine", "migsim doctor"), "2026-11-26T03:00:00+00:00")
    assert (report.exit_code, report.error) == (ExitCode.CANNOT_TELL, ("no engine", "migsim doctor"))
    assert report.started == "2026-11-26T03:00:00+00:00"
