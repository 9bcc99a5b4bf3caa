"""A Report as JSON: ``migsim.report/1``, described by docs/report.schema.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simulator.model import Cause, Dump, Existing, Failure, Finding, Fix, MigrationRun, Report, Step
from simulator.wording import json_text

SCHEMA = "migsim.report/1"
SCHEMA_OF_SEVERAL = "migsim.reports/1"


def to_json(reports: Sequence[Report]) -> str:
    """One report alone, or several in an envelope."""
    if len(reports) == 1:
        return json_text(as_data(reports[0]))
    envelope = {"schema": SCHEMA_OF_SEVERAL, "reports": [as_data(report) for report in reports]}
    return json_text(envelope)


def as_data(report: Report) -> dict[str, Any]:
    """The report as ``migsim.report/1``; docs/report.schema.json describes it."""
    return {
        "schema": SCHEMA,
        "scenario": report.scenario,
        "verdict": report.verdict.value,
        "because": report.because or None,
        "exit_code": report.exit_code,
        "unmet_expectation": report.unmet or None,
        "engine": report.engine,
        "tier": report.tier,
        "role": report.role,
        "started": report.started,
        "seconds": round(report.seconds, 3),
        "versions": dict(report.versions),
        "dump": _dump(report.dump, report.dump_sha256),
        "project": {
            "ref": report.project.ref,
            "commit": report.project.commit,
            "dirty": report.project.dirty,
            "settings": report.settings,
        },
        "history": None
        if report.history is None
        else {
            "recorded": report.history.recorded,
            "pending": list(report.history.pending),
            "not_on_disk": list(report.history.not_on_disk),
            "renamed": dict(report.history.renamed),
        },
        "failure": None if report.failure is None else _failure(report.failure),
        "findings": [_finding(finding) for finding in report.findings],
        "fixes": [_fix(fix) for fix in report.fixes],
        "migrations": [_migration(run) for run in report.migrations],
        "models_read": report.models_read,
        "connections_tried": [{"kind": one.kind, "address": one.address} for one in report.attempts],
        "timings": {name: round(seconds, 3) for name, seconds in report.timings.items()},
        "warnings": list(report.warnings),
        "not_checked": list(report.not_checked),
        "leftovers": list(report.leftovers),
        "kept": report.kept or None,
        "in_full": report.in_full or None,
        "error": None if report.error is None else {"message": report.error[0], "hint": report.error[1]},
    }


def _dump(dump: Dump | None, sha256: str | None) -> dict[str, Any] | None:
    if dump is None:
        return None
    return {
        "path": str(dump.path),
        "sha256": sha256,
        "format": dump.format,
        "compression": dump.compression,
        "taken_at": dump.taken_at.isoformat() if dump.taken_at else None,
        "dumped_from": dump.dumped_from,
        "dumped_by": dump.dumped_by,
    }


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "exception": failure.exception or None,
        "migration": failure.migration,
        "operation": failure.operation,
        "phase": failure.phase.value,
        "sqlstate": failure.sqlstate,
        "message": failure.message,
        "relation": failure.relation,
        "schema_name": failure.schema_name,
        "table_name": failure.table_name,
        "column_name": failure.column_name,
        "constraint_name": failure.constraint_name,
        "sql": failure.sql,
        "source": failure.source,
        "raised_from": failure.raised_from,
        "seconds": failure.seconds,
        "waits_for": failure.waits_for,
        "in_schema": failure.in_schema,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "root": finding.root,
        "cascade_of": finding.cascade_of,
        **_failure(finding.failure),
        "relation_kind": finding.relation_kind,
        "existing": None if finding.existing is None else _existing(finding.existing),
        "cause": None if finding.cause is None else _cause(finding.cause),
    }


def _existing(existing: Existing) -> dict[str, Any]:
    return {
        "kind": existing.kind,
        "name": existing.name,
        "schema_name": existing.schema_name,
        "table_name": existing.table_name,
        "shape": existing.shape.value if existing.shape else None,
        "differences": list(existing.differences),
        "benign": list(existing.benign),
        "owner": existing.owner,
        "rows": existing.rows,
        "valid": existing.valid,
        "extension": existing.extension,
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "id": cause.id,
        "title": cause.title,
        "confidence": cause.confidence,
        "evidence": list(cause.evidence),
    }


def _fix(fix: Fix) -> dict[str, Any]:
    return {
        "id": fix.id,
        "title": fix.title,
        "recommended": fix.recommended,
        "steps": [_step(step) for step in fix.steps],
        "outcome": fix.outcome.value,
        "rows_lost": dict(fix.rows_lost),
        "drift": list(fix.drift),
        "seconds": round(fix.seconds, 3),
        "note": fix.note or None,
        "mends": list(fix.mends),
        "proofs": [
            {"migration": proof.migration, "kind": proof.kind, "evidence": proof.evidence} for proof in fix.proofs
        ],
    }


def _step(step: Step) -> dict[str, Any]:
    if step.manage:
        return {"manage": list(step.manage)}
    if step.sql:
        return {"sql": step.sql, **({"effects": list(step.effects)} if step.effects else {})}
    beside = {"query": step.query, "statement": step.statement}
    return {"person": step.person, **{name: text for name, text in beside.items() if text}}


def _migration(run: MigrationRun) -> dict[str, Any]:
    return {
        "name": run.name,
        "seconds": round(run.seconds, 4),
        "statements": run.statements,
        "finished": run.finished,
    }
