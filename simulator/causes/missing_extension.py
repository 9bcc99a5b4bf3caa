"""A type, function or operator class is not there, which an extension brings or code outside of migrations."""

from __future__ import annotations

from simulator.causes import code, facts, words
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding
from simulator.postgres.sqlstate import UNDEFINED_FUNCTION, UNDEFINED_OBJECT

ID = "missing-extension"
TITLE = "an extension, a type or a function is missing"


STATES = (UNDEFINED_OBJECT, UNDEFINED_FUNCTION)  # undefined_object, undefined_function


def explain(situation: Situation, root: Finding) -> Cause | None:
    if root.failure.sqlstate not in STATES or root.failure.constraint_name:
        return None
    evidence = [root.failure.message]
    if facts.code_fails(situation, root):
        return Cause(ID, TITLE, "likely", (*evidence, *code.evidence(situation, root)))
    if not situation.reference.complete:
        return Cause(ID, TITLE, "possible", tuple(evidence))
    have = {fact.name for fact in situation.database.catalog if fact.kind == "extension"}
    lacking = sorted({fact.name for fact in situation.reference.final if fact.kind == "extension"} - have)
    if lacking:
        evidence.append(
            f"from nothing the code has {words.listed(lacking, 'the extension', 'the extensions')}, here not"
        )
    return Cause(ID, TITLE, "certain" if lacking else "likely", tuple(evidence))
