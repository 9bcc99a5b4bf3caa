"""The recommended fix as a script that a person reads and runs, with a guard before each step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

import simulator
from simulator import quoting
from simulator.findings.graph import ancestors
from simulator.model import Fix, MigrationFile, Report, Step
from simulator.postgres.sql import literal, runs_alone
from simulator.quoting import HereDocument
from simulator.reports.fixes import in_words

# One line for each relation and one for the history: what it is, and a hash of it. Everything is qualified and sorted
# bytewise, so that every server and session gives the same; casts to text and parentheses are left out, which a restore
# puts elsewhere (``IN`` of a varchar).
_BARE = r"regexp_replace({}, '::(text|character varying)(\[\])?|[() ]', '', 'g')"
_RELATION = """\
SELECT name, COALESCE(md5(concat(
    (SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull), ',' ORDER BY attname)
     FROM pg_attribute WHERE attrelid = to_regclass(name) AND attnum > 0 AND NOT attisdropped),
    (SELECT string_agg({constraint}, ',' ORDER BY conname)
     FROM pg_constraint WHERE conrelid = to_regclass(name)),
    (SELECT string_agg({index}, ',' ORDER BY {index} COLLATE "C")
     FROM pg_index WHERE indrelid = to_regclass(name)))
    || CASE WHEN to_regclass(name) IS NULL THEN NULL ELSE '' END), 'absent')
FROM unnest(ARRAY[{names}]::text[]) name"""
_HISTORY = """\
UNION ALL
SELECT 'rows of django_migrations',
    COALESCE(md5(string_agg(app || '.' || name, ',' ORDER BY app || '.' || name COLLATE "C")), 'none')
FROM {table}"""


@dataclass(frozen=True)
class Guards:
    """The state that was rehearsed, as ``state_query`` gives it, and the plan from which each step starts."""

    query: str
    state: str
    pending: tuple[str, ...]
    files: Mapping[str, MigrationFile]
    recorded: Set[str] = frozenset()  # migrations for which the first SQL steps write rows
    readable: bool = True  # False: migrate can't even plan before the first SQL steps


def state_query(relations: Sequence[tuple[str, str]], history_schema: str | None) -> str:
    """A query whose rows say whether relations and history are as they were. ``history_schema`` None: no table."""
    names = ", ".join(literal('"{}"."{}"'.format(*(part.replace('"', '""') for part in place))) for place in relations)
    history = ""
    if history_schema:
        history = "\n" + _HISTORY.format(table='"{}"."django_migrations"'.format(history_schema.replace('"', '""')))
    constraint, index = (_BARE.format(text) for text in ("pg_get_constraintdef(oid)", "pg_get_indexdef(indexrelid)"))
    return _RELATION.format(names=names, constraint=constraint, index=index) + history + "\nORDER BY 1"


def script(report: Report, fix: Fix, guards: Guards, alias: str, template: str) -> str:
    """``template`` is the text of templates/fix.sh.j2. No name, note or SQL of the dump becomes a command in it."""
    options = () if alias == "default" else (f"--database={alias}",)
    environment = quoting.environment(quoting.shell)
    environment.filters |= {"word": quoting.word, "words": quoting.words}
    dump = report.dump
    return environment.from_string(template).render(
        version=simulator.__version__,
        scenario=report.asked or report.scenario,
        code=_code(report),
        dump=f"{dump.path.name} (sha256 {report.dump_sha256 or 'unknown'})" if dump else "the scenario's baseline",
        words=[f"{number}. {in_words(step)}" for number, step in enumerate(fix.steps, 1)],
        note=" ".join(fix.note.split()),
        not_checked="; ".join(report.not_checked),
        alias=alias,
        migrate=("migrate", *options),
        state_query=HereDocument(guards.query),
        state=guards.state,
        expected=_expected(guards.pending),
        readable=guards.readable,
        steps=list(_steps(fix, guards)),
    )


def _code(report: Report) -> str:
    project = report.project
    if not project.commit:
        return "the code as it was"
    return f"{project.ref or 'commit'} {project.commit[:12]}" + (" and uncommitted changes" if project.dirty else "")


def state_of(rows: Iterable[Sequence[object]]) -> str:
    """The rows of ``state_query`` as the script has them: a line each, whatever the names hold."""
    return "\n".join(" ".join(str(value).encode("unicode_escape").decode("ascii") for value in row) for row in rows)


def _expected(migrations: Iterable[str]) -> str:
    return "".join(f"{name} " for name in sorted(migrations))


def _steps(fix: Fix, guards: Guards) -> Iterator[dict[str, object]]:
    """Each as the template needs it: its line to print, and its SQL, or its command with what it must plan."""
    applied = set(guards.recorded)
    for number, step in enumerate(fix.steps, 1):
        line = {"line": f"{number}. {in_words(step)}"}
        if step.sql:
            sql = step.sql.rstrip(";") + ";"
            yield {**line, "sql": HereDocument(sql), "how": "alone" if runs_alone(sql) else "together"}
            continue
        expected = [name for name in guards.pending if name not in applied and name in _reached(step, guards)]
        applied.update(expected)
        plan = [word for word in step.manage if word not in ("--fake", "--fake-initial")]
        yield {
            **line,
            "sql": None,
            "expected": _expected(expected),
            "plan": plan,
            "command": (*step.manage, "--no-input"),
        }


def _reached(step: Step, guards: Guards) -> Set[str]:
    """What a migrate goes up to; the whole plan where it names no migration."""
    words = [word for word in step.manage if not word.startswith("--")]
    if len(words) < 3:
        return set(guards.pending)
    name = f"{words[1]}.{words[2]}"
    return {name, *ancestors(name, guards.files)}
