"""A type, function or operator class is not there, which an extension brings or code outside of migrations."""

from __future__ import annotations

from simulator.causes import code
from simulator.findings.case import Case
from simulator.model import Cause
from simulator.postgres.sqlstate import UNDEFINED_FUNCTION, UNDEFINED_OBJECT
from simulator.wording import listed

ID = "missing-extension"
TITLE = "an extension, a type or a function is missing"


STATES = (UNDEFINED_OBJECT, UNDEFINED_FUNCTION)  # undefined_object, undefined_function


def explain(case: Case) -> Cause | None:
    if case.failure.sqlstate not in STATES or case.failure.constraint_name:
        return None
    evidence = [case.failure.message]
    if case.code_fails:
        return Cause(ID, TITLE, "likely", (*evidence, *code.evidence(case)))
    if not case.situation.reference.complete:
        return Cause(ID, TITLE, "possible", tuple(evidence))
    have = {fact.name for fact in case.situation.database.catalog if fact.kind == "extension"}
    lacking = sorted({fact.name for fact in case.situation.reference.final if fact.kind == "extension"} - have)
    if lacking:
        evidence.append(f"from nothing the code has {listed(lacking, 'the extension', 'the extensions')}, here not")
    return Cause(ID, TITLE, "certain" if lacking else "likely", tuple(evidence))
