"""What was observed -> one situation: what the pending migrations would still do, and what is a root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simulator.findings import effects, roots
from simulator.findings.situation import CodeFacts, DatabaseFacts, Reference, Situation, SurveyFacts
from simulator.model import Delta, Failure, History


def assemble(
    failure: Failure,
    history: History,
    database: DatabaseFacts,
    survey: SurveyFacts,
    code: CodeFacts,
    reference: Reference,
    deltas: Mapping[str, Delta],
) -> Situation:
    """``failure`` is the plain rehearsal's; ``deltas`` are the reference's, by migration."""
    done = effects.effects(deltas, _unapplied(history, reference), database.catalog) if reference.complete else {}
    return roots.with_findings(Situation(failure, history, database, survey, code, reference, done))


def _unapplied(history: History, reference: Reference) -> Sequence[str]:
    """The plan, and what migrate leaves out of it: what lies beneath a leaf that is recorded."""
    return tuple(dict.fromkeys((*history.pending, *(name for name in reference.after if name not in history.applied))))
