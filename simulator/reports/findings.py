"""The roots in their order, each with what stands there, why, and how it differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulator.model import Finding, Report
from simulator.wording import and_more, count, escape, shorten

# Of more roots, the first are shown in full, and the rest by name.
MOST_ROOTS = 10
MOST_CASCADES = 3
MOST_SENTENCES = 3


def block(report: Report) -> list[str]:
    """Nothing where there is nothing beyond the failure itself."""
    roots = [one for one in report.findings if one.root]
    if not roots or (len(report.findings) == 1 and roots[0].cause is None and roots[0].existing is None):
        return []
    shown = [line for root in roots[:MOST_ROOTS] for line in _lines(root)]
    return [_heading(report.findings, roots), "", *shown, *_rest(roots[MOST_ROOTS:])]


def _heading(findings: Sequence[Finding], roots: Sequence[Finding]) -> str:
    cascades = [one for one in findings if not one.root]
    text = count(len(roots), "root problem")
    if not cascades:
        return text
    named = [f"{_place(one)}, from #{one.cascade_of}" for one in _one_a_place(cascades)]
    more = f";{rest}" if (rest := and_more(named, MOST_CASCADES, "more places")) else ""
    return escape(f"{text}, {count(len(cascades), 'follow-on')} ({'; '.join(named[:MOST_CASCADES])}{more})")


def _one_a_place(cascades: Sequence[Finding]) -> list[Finding]:
    """Several follow-ons of one migration from one root are one line to a reader."""
    return list({(_place(one), one.cascade_of): one for one in reversed(cascades)}.values())[::-1]


def _rest(roots: Sequence[Finding]) -> list[str]:
    if not roots:
        return []
    names = [f"#{root.id} {_place(root)}" for root in roots]
    more = and_more(names, MOST_ROOTS, "others")
    return [escape(f"{', '.join(names[:MOST_ROOTS])}{more} (--format json has them all)")]


def _lines(root: Finding) -> Iterator[str]:
    yield f"[bold]#{root.id} {escape(_place(root))}[/]    {escape(_what(root))}".rstrip()
    if root.cause is not None:
        confidence = "" if root.cause.confidence == "certain" else f" ({root.cause.confidence})"
        yield from _labelled("Why", [root.cause.title + confidence, *root.cause.evidence[:MOST_SENTENCES]])
    if root.existing is not None and root.existing.differences:
        yield from _labelled("Differs", _some(root.existing.differences))
    if root.existing is not None and root.existing.benign:
        yield from _labelled("Ignored", _some(root.existing.benign))


def _some(texts: Sequence[str]) -> list[str]:
    return [*texts[:MOST_SENTENCES], *filter(None, [and_more(texts, MOST_SENTENCES).strip()])]


def _labelled(label: str, texts: Sequence[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        yield f"   {label if number == 0 else '':<8}{escape(text)}"


def _place(finding: Finding) -> str:
    return finding.failure.migration or finding.failure.phase.value


def _what(root: Finding) -> str:
    """What stands there with its rows; where nothing does, the error."""
    standing = root.existing
    if standing is None:
        kind = root.failure.sqlstate or root.failure.exception.rpartition(".")[2]
        return f"{kind} {shorten(root.failure.message, 100)}".strip()
    parts = (standing.schema_name, standing.table_name, standing.name)
    name = ".".join(part for part in parts if part)
    rows = f", {count(standing.rows, 'row')}" if standing.rows is not None and standing.table_name is None else ""
    return f"{standing.kind} {name}{rows}{'' if standing.valid else ', INVALID'}"
