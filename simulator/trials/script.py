"""The recommended fix as a script that a person reads and runs: it knows every state on its way, and starts nowhere
else."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import simulator
from simulator import quoting
from simulator.model import Fix, Report, Step
from simulator.postgres.sql import literal, runs_alone
from simulator.postgres.undo import ways_back
from simulator.quoting import HereDocument
from simulator.reports.fixes import in_words
from simulator.trials import script_state
from simulator.trials.script_state import State
from simulator.wording import count, duration

_INDEX = re.compile(
    r"\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?"
    r'(?P<name>"(?:[^"]|"")*"|\w+)\s+ON\s+(?P<table>(?:(?:"(?:[^"]|"")*"|\w+)\.)?(?:"(?:[^"]|"")*"|\w+))',
    re.IGNORECASE,
)
MAIN = 'main "$@"; exit $?; }\n'  # the last line of the script


@dataclass(frozen=True)
class Measured:
    """What the rehearsal of a fix's steps came to.

    ``states``: before the first step and after each. Of each step: ``seconds``, and ``wrote``, what its SQL wrote, a
    line a table. ``rows``: of each table ("schema.table"), before the first step.
    """

    states: tuple[State, ...]
    facts: frozenset[str] = frozenset()
    seconds: tuple[float, ...] = ()
    wrote: tuple[tuple[str, ...], ...] = ()
    rows: Mapping[str, int] | None = None

    def added(self, number: int) -> list[str]:
        """The migrations that the step with that number, from 1, has recorded."""
        return script_state.less(self.states[number].history, self.states[number - 1].history)

    def removed(self, number: int) -> list[str]:
        return script_state.less(self.states[number - 1].history, self.states[number].history)

    def changed(self, number: int) -> list[str]:
        """The facts that the step has changed."""
        before, after = self.states[number - 1].facts, self.states[number].facts
        return [name for name in sorted(self.facts) if before.get(name, "absent") != after.get(name, "absent")]

    def idle(self, step: Step, number: int) -> bool:
        return bool(step.manage) and not (self.added(number) or self.removed(number) or self.changed(number))


@dataclass(frozen=True)
class Files:
    """The texts of templates/fix.sh.j2 and of templates/fix_look.py."""

    template: str
    program: str


def draft(report: Report, fix: Fix, migrations: Sequence[str], alias: str, files: Files) -> str:
    """The script before its steps were measured: its functions do what they will do."""
    asked = script_state.whole(migrations, indexes(fix))
    return _render(report, fix, alias, files, asked, None)


def script(report: Report, fix: Fix, measured: Measured, alias: str, files: Files) -> str:
    """The whole script. No name, note or SQL of the dump becomes a command in it."""
    idle = [measured.idle(step, number) for number, step in enumerate(fix.steps, 1)]
    asked = script_state.document(measured.states, measured.facts, idle, indexes(fix))
    return _render(report, fix, alias, files, asked, measured)


def calling(text: str, command: str) -> str:
    """The same script, which runs that command of sh in the place of its main function."""
    if not text.endswith(MAIN):
        raise ValueError("it is no script of a fix")
    return f"{text.removesuffix(MAIN)}{command}; exit $?; }}\n"


def _render(report: Report, fix: Fix, alias: str, files: Files, state: str, measured: Measured | None) -> str:
    options = () if alias == "default" else (f"--database={alias}",)
    environment = quoting.environment(quoting.shell)
    environment.filters |= {"word": quoting.word, "words": quoting.words}
    return environment.from_string(files.template).render(
        **heading(report, fix),
        alias=alias,
        migrate=("migrate", *options),
        program=files.program,
        state=HereDocument(state),
        steps=[_step(step, number, measured) for number, step in enumerate(fix.steps, 1)],
    )


def heading(report: Report, fix: Fix) -> dict[str, object]:
    """What stands at the top of a script, of either kind."""
    dump = report.dump
    return {
        "version": simulator.__version__,
        "scenario": report.asked or report.scenario,
        "rehearsed_at": report.started or "at a time that is not known",
        "code": _code(report),
        "dump": f"{dump.path.name} (sha256 {report.dump_sha256 or 'unknown'})" if dump else "the scenario's baseline",
        "note": " ".join(fix.note.split()),
        "not_checked": "; ".join(report.not_checked),
    }


def _code(report: Report) -> str:
    project = report.project
    if not project.commit:
        return "the code as it was"
    return f"{project.ref or 'commit'} {project.commit[:12]}" + (" and uncommitted changes" if project.dirty else "")


def indexes(fix: Fix) -> tuple[str, ...]:
    """The names of the indexes that the fix builds concurrently."""
    return tuple(found[1] for step in fix.steps if (found := index_of(step)))


def index_of(step: Step) -> tuple[str, str] | tuple[()]:
    """The table, as SQL names it, and the name of the index that a step builds concurrently; nothing for another."""
    found = _INDEX.match(step.sql)
    if not found:
        return ()
    name = found["name"]
    return found["table"], name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def _step(step: Step, number: int, measured: Measured | None) -> dict[str, object]:
    """As the template needs it: its line to print, and its SQL or its command."""
    sql = step.sql.rstrip(";") + ";" if step.sql else ""
    return {
        "words": f"{number}. {in_words(step)}",
        "lines": list(shown(step)),
        "facts": list(facts(step, number, measured)) if measured else [],
        "sql": HereDocument(sql) if sql else None,
        "how": "alone" if runs_alone(sql) else "together",
        "index": index_of(step),
        "command": (*step.manage, "--no-input"),
    }


def shown(step: Step) -> Iterator[str]:
    """The command, or the SQL with what begins and ends its transaction."""
    if step.manage:
        yield shlex.join(("manage.py", *step.manage, "--no-input"))
        return
    alone = runs_alone(step.sql)
    yield from () if alone else ("BEGIN;",)
    yield from (step.sql.rstrip(";") + ";").split("\n")
    yield from () if alone else ("COMMIT;",)


def facts(step: Step, number: int, measured: Measured) -> Iterator[str]:
    """What a step blocks, how long it took, which rows it touches, and how it is taken back: a line each."""
    if step.sql:
        yield from step.effects or ("blocks no reads or writes of a table with rows, as far as that is known",)
    elif not measured.changed(number):
        yield "blocks other writes to the rows that it writes, and nothing else"
    else:
        yield "may hold up reads and writes of what it changes until it ends"
    yield f"took {duration(measured.seconds[number - 1])} in the rehearsal, the start of manage.py included"
    yield f"touches: {'; '.join(_touches(number, measured)) or 'no table'}"
    yield f"taken back by: {_back(step, number, measured)}"


def statements(step: Step) -> list[str]:
    return step.sql.split(";\n")


def _touches(number: int, measured: Measured) -> Iterator[str]:
    yield from measured.wrote[number - 1]
    rows = {script_state.quoted(*name.split(".", 1)): (name, rows) for name, rows in (measured.rows or {}).items()}
    for fact in measured.changed(number):
        if fact in rows:
            name, held = rows[fact]
            yield f"{name}, which had {count(held, 'row')}"
    if added := measured.added(number):
        yield f"{count(len(added), 'row')} more in django_migrations"


def _back(step: Step, number: int, measured: Measured) -> str:
    added, removed = measured.added(number), measured.removed(number)
    if measured.idle(step, number):
        return "nothing has to be: there was nothing for it to do"
    if not measured.changed(number) and (added or removed):
        if step.manage and "--fake" not in step.manage:
            return "only a backup, since its code may have written rows"
        return "; ".join([*([unrecord(added)] if added else []), *([record(removed)] if removed else [])])
    if step.manage:
        return (
            "only a backup; where every operation of it is reversible, migrate APP NAME of the one before takes it "
            "back too, without what was written to it since"
        )
    if (ways := ways_back(statements(step))) is not None:
        return "; ".join(ways)
    return "only a backup"


def record(names: Sequence[str]) -> str:
    """The SQL that does what --fake does for these migrations."""
    rows = ", ".join("({}, {}, now())".format(*_parts(name)) for name in names)
    return f'INSERT INTO "django_migrations" ("app", "name", "applied") VALUES {rows}'


def unrecord(names: Sequence[str]) -> str:
    rows = ", ".join("({}, {})".format(*_parts(name)) for name in names)
    return f'DELETE FROM "django_migrations" WHERE ("app", "name") IN ({rows})'


def _parts(name: str) -> tuple[str, str]:
    app, _dot, migration = name.partition(".")
    return literal(app), literal(migration)
