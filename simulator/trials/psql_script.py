"""The recommended fix for psql alone, up to the last migrate, which is the deploy's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from simulator import quoting
from simulator.errors import UsageError
from simulator.model import Fix, Report, Step
from simulator.postgres.sql import literal, runs_alone
from simulator.quoting import Quoted
from simulator.reports.fixes import in_words
from simulator.trials import script, script_state
from simulator.trials.script import Measured

# What psql and the server take for one lexeme: in none of them psql looks for anything of its own.
_LEXEMES = re.compile(
    r"""[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$(?:[A-Za-z_]\w*)?\$).*?\1|--[^\n]*|/\*(?:(?!/\*).)*?\*/""",
    re.DOTALL,
)
# A command of psql's, a variable of it, what is not closed, or what only some servers take for a letter.
_OF_PSQL = re.compile(r"""\\|(?<!:):(?=[A-Za-z_'"{0-9\x80-\U0010ffff])|['"$]|/\*|\r""")

_CHECK = """\
DO $migsim$
DECLARE
    known jsonb := {known};
    facts jsonb;
    history jsonb := '[]';
    found int;
    told text;
BEGIN
    IF to_regclass('django_migrations') IS NOT NULL THEN
        EXECUTE $q$SELECT COALESCE(jsonb_agg(app || '.' || name ORDER BY (app || '.' || name) COLLATE "C"), '[]')
            FROM django_migrations$q$ INTO history;
    END IF;
    PERFORM set_config('search_path', 'pg_catalog', true);
    EXECUTE 'SELECT COALESCE(jsonb_object_agg(name, hash), ''{{}}'') FROM (' || (known ->> 'query') || ') q(name, hash)'
        INTO facts;
    SELECT min(number) - 1 INTO found FROM jsonb_array_elements(known -> 'points') WITH ORDINALITY p(point, number)
        WHERE number > {least} AND facts = point -> 'facts' AND history = point -> 'history';
    IF found IS NULL THEN
        SELECT string_agg(line, E'\\n') INTO told FROM (
            SELECT key || ' is not as rehearsed' AS line FROM jsonb_each(known -> 'points' -> {least} -> 'facts')
                WHERE facts -> key IS DISTINCT FROM value
            UNION ALL SELECT 'recorded now, not when rehearsed: ' || one FROM jsonb_array_elements_text(history) one
                WHERE NOT (known -> 'points' -> {least} -> 'history') ? one
            UNION ALL SELECT 'recorded when rehearsed, not now: ' || one
                FROM jsonb_array_elements_text(known -> 'points' -> {least} -> 'history') one WHERE NOT history ? one
        ) lines;
        RAISE EXCEPTION '%', 'the database is not as it was rehearsed' USING DETAIL =
            COALESCE(told, 'a migration is recorded twice');
    END IF;
    IF current_user <> (known ->> 'user') THEN
        RAISE WARNING 'rehearsed as %, not as %, whose will be what is made', known ->> 'user', current_user;
    END IF;
    PERFORM set_config('migsim.at', found::text, false);
END $migsim$;"""


def steps_before_migrate(fix: Fix) -> tuple[Step, ...]:
    """Raises UsageError, which names the step, where a step needs Python."""
    real = [number for number, step in enumerate(fix.steps) if step.manage and "--fake" not in step.manage]
    last = real[-1] if real else len(fix.steps)
    needs = next((number for number in real if number < last), last + 1)
    if needs < len(fix.steps):
        why = "comes after migrate" if needs > last else "needs Python"
        raise UsageError(
            f"step {needs + 1} ({in_words(fix.steps[needs])}) {why}: no SQL alone does what the fix does",
            "migsim fix … -o fix.sh",
        )
    return fix.steps[:last]


def psql_script(report: Report, fix: Fix, measured: Measured, template: str) -> str:
    """``template`` is the text of templates/fix.sql.j2. No name or SQL of the dump becomes a command of psql in it.

    Raises UsageError where a step needs Python.
    """
    steps = steps_before_migrate(fix)
    environment = quoting.environment(literal)
    built = script.indexes(fix)
    return environment.from_string(template).render(
        **script.heading(report, fix),
        user=measured.states[0].user,
        schemas=Quoted(", ".join(map(_name, measured.states[0].schemas)) or "''"),
        check=_check(measured, steps, built, 0),
        end=_check(measured, steps, built, len(steps)),
        steps=[
            {
                "words": f"{number}. {in_words(step)}",
                "facts": list(script.facts(step, number, measured)),
                "index": script.index_of(step),
                "sql": Quoted("\n".join(_sql(step, number, measured))),
            }
            for number, step in enumerate(steps, 1)
        ],
    )


def _name(text: str) -> str:
    return '"{}"'.format(text.replace('"', '""'))


def _check(measured: Measured, steps: Sequence[Step], built: Sequence[str], least: int) -> Quoted:
    """The states up to the last migrate, and the one after that."""
    names = sorted(measured.facts)
    states = [*measured.states[: len(steps) + 1], *measured.states[-1:]]
    known = {
        "query": script_state.query(names, built),
        "user": measured.states[0].user,
        "points": [
            {"facts": {name: state.facts.get(name, "absent") for name in names}, "history": sorted(state.history)}
            for state in states
        ],
    }
    # JSON has an escape for what would end the block of code that it stands in.
    text = json.dumps(known, indent=1).replace("$", "\\u0024")
    return Quoted(_CHECK.format(known=literal(text), least=least))


def _sql(step: Step, number: int, measured: Measured) -> Iterator[str]:
    if step.manage:
        if measured.changed(number) or measured.removed(number) or not measured.added(number):
            raise UsageError(f"step {number} ({in_words(step)}) needs Python: it does more", "migsim fix … -o fix.sh")
        sql = script.record(measured.added(number))
    else:
        sql = step.sql.rstrip(";")
    if runs_alone(sql):
        if not is_plain(sql):
            raise UsageError(f"step {number} ({in_words(step)}) is not for psql", "migsim fix … -o fix.sh")
        yield f"{sql};"
        return
    yield "BEGIN;"
    yield f"{sql}\n;" if is_plain(sql) else f"DO {literal(f'BEGIN EXECUTE {literal(sql)}; END')};"
    yield "COMMIT;"


def is_plain(sql: str) -> bool:
    """Whether psql gives it to the server as it is, and finds nothing of its own in it."""
    return not _OF_PSQL.search(_LEXEMES.sub(" ", sql))
