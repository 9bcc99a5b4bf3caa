"""The fix that works as steps to take, and what was tried and refused."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence

from simulator.model import Fix, FixOutcome, Report, Step
from simulator.wording import and_more, count, duration, escape, one_line, shorten

MOST_REFUSED = 6
# Of one step with more, the first are shown; the script has them all.
MOST_STATEMENTS = 8
# A name, or what may hold its mark without being one.
_QUOTED = re.compile(r"""'(?:[^']|'')*'|(?P<name>"(?:[^"]|"")*")|(\$\w*\$).*?\2|--[^\n]*""", re.DOTALL)


def apart(blocks: Iterable[Sequence[str]]) -> list[str]:
    """Their lines, with an empty one between two blocks."""
    return [line for block in blocks if block for line in ("", *block)][1:]


def block(report: Report) -> list[str]:
    """Nothing where no fix was thought of."""
    if not report.fixes:
        return []
    best = next((fix for fix in report.fixes if fix.recommended), None)
    parts = [_recommended(report, best) if best else _none(report), _refused(report), _reset(report)]
    return apart(parts)


def _recommended(report: Report, fix: Fix) -> list[str]:
    seconds = duration(fix.seconds)
    lines = [
        f"[bold green]FIX[/]  tried on a clone: works, 0 rows lost, schema matches, {seconds}",
        escape(f"  {fix.title}"),
        *_steps(report, fix),
        *(escape(f"  Proof: {proof.migration} has done its work: {proof.evidence}") for proof in fix.proofs),
    ]
    if fix.note:
        lines.append(escape(f"  Note: {fix.note}"))
    return lines


def _reset(report: Report) -> list[str]:
    """The last resort, where it was asked for."""
    fix = next((fix for fix in report.fixes if fix.resets and fix.outcome is not FixOutcome.NOT_TRIED), None)
    if fix is None:
        return []
    came_to = _why(fix) or f"works, {duration(fix.seconds)}"
    heading = f"[bold]RESET[/]  tried on a clone: {escape(came_to)}"
    return [heading, *_steps(report, fix), escape(f"  Price: {fix.note}")]


def _none(report: Report) -> list[str]:
    """Without a recommendation: what only a person can do, or what could be tried."""
    persons = [step.person for fix in report.fixes for step in fix.steps if step.person and not fix.resets]
    if persons and not _untried(report.fixes[0]):
        first, *others = (fix for fix in report.fixes if any(step.person for step in fix.steps))
        ways = [first, *(fix for fix in others if fix.mends and fix.outcome is FixOutcome.WORKS)]
        return [line for number, fix in enumerate(ways) for line in _way(report, fix, number)]
    if _untried(report.fixes[0]):
        return [f"[bold]FIX[/]  not tried: {escape(report.fixes[0].title)}", *_steps(report, report.fixes[0])]
    return ["[bold yellow]NO FIX[/] of those that were tried works"]


def _way(report: Report, fix: Fix, number: int) -> Iterator[str]:
    """What a person does, or, where two plans work and only a person knows which is right, may do instead."""
    head = "OR[/], tried as well:" if number else "NO FIX[/] that needs no person:"
    yield f"[bold yellow]{head}"
    yield from _steps(report, fix)
    if fix.note:
        yield escape(f"  Note: {fix.note}")


def _untried(fix: Fix) -> bool:
    return fix.outcome is FixOutcome.NOT_TRIED and not any(step.person for step in fix.steps)


def _steps(report: Report, fix: Fix) -> Iterator[str]:
    for number, step in enumerate(fix.steps, 1):
        mark = f"{number}. "
        for line in _to_copy(step, f"migsim fix {report.scenario} writes" if fix.recommended else "--format json has"):
            yield escape(f"  {mark}{line}")
            mark = " " * len(mark)
        yield from (f"  {mark}[dim]{escape(f'-- {words}')}[/]" for words in step.effects)


def _to_copy(step: Step, who: str) -> Iterator[str]:
    """The step as a person types it: nothing of it is cut. ``who`` has all statements of a long one."""
    if step.person:
        yield step.person
        yield from (f"{text};" for text in (step.query, step.statement) if text)
    elif step.manage:
        yield shlex.join(("python", "manage.py", *step.manage))
    else:
        statements = step.sql.split(";\n")
        for statement in statements[:MOST_STATEMENTS]:
            yield from _QUOTED.sub(_in_one_line, f"{statement};").split("\n")  # a comment ends with its line
        if len(statements) > MOST_STATEMENTS:
            more = count(len(statements) - MOST_STATEMENTS, "more statement")
            yield f"-- and {more}: {who} them all"


def _in_one_line(match: re.Match[str]) -> str:
    """A name's own line ends don't end the statement's line; the script has such a name as it is."""
    return one_line(match[0]) if match["name"] else match[0]


def in_words(step: Step) -> str:
    """In one line: fake blog.0003_tags; migrate to blog.0002; the first of several statements."""
    if step.person:
        return step.person
    if step.sql:
        first, *more = step.sql.split(";\n")
        rest = f"  (and {count(len(more), 'more statement')})" if more else ""
        return shorten(first, 110) + rest
    words = [word for word in step.manage if not word.startswith("--")]
    if words[:1] == ["migrate"] and len(words) == 3 and set(step.manage) - set(words) <= {"--fake"}:
        return f"{'fake' if '--fake' in step.manage else 'migrate to'} {words[1]}.{words[2]}"
    return " ".join(step.manage)


def _refused(report: Report) -> list[str]:
    refused = [(fix, _why(fix)) for fix in report.fixes if not (fix.recommended or fix.resets)]
    lines = [(shorten(fix.title, 60), why) for fix, why in refused if why]
    width = max((len(title) for title, _why in lines), default=0)
    found = [
        f"{'Refused' if not number else '':<9}{title:<{width}}  {why}" for number, (title, why) in enumerate(lines)
    ]
    more = [f"{'':<8}{rest}"] if (rest := and_more(found, MOST_REFUSED)) else []
    return list(map(escape, [*found[:MOST_REFUSED], *more]))


def _why(fix: Fix) -> str | None:
    """None for what needs no word: it works as well, or nobody tried it."""
    if fix.outcome is FixOutcome.LOSES_DATA:
        lost = sum(fix.rows_lost.values())
        return f"loses {count(lost, 'row')} of {', '.join(list(fix.rows_lost)[:3])}"
    if fix.outcome is FixOutcome.DRIFTS:
        return f"exits 0, but {fix.drift[0]}{and_more(fix.drift, 1)}"
    if fix.outcome is FixOutcome.FAILS:
        return f"still fails {shorten(fix.note, 100)}"
    return None
