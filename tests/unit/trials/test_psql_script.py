"""The script for psql has nothing in it that a dump or a project could have put there as a command of psql's."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.errors import UsageError
from simulator.host.resources import shipped
from simulator.model import Fix, Step
from simulator.trials import psql_script
from simulator.trials.script import Measured
from simulator.trials.script_state import State
from tests.unit.trials.test_script import TEXTS, measured, report

TEMPLATE = (shipped("templates") / "fix.sql.j2").read_text()
# What psql reads whole and gives to the server, and what is left to it.
LEXEMES = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$).*?\1|--[^\n]*""", re.DOTALL)
OWN = re.compile(
    r"\\set ON_ERROR_STOP on\n|\\gset\n|\\gexec\n|\\if :migsim_\d+\n|\\endif\n|\\echo step \d+ of \d+\n|\\echo done: .*"
)


def commands(text: str) -> str:
    """What psql could take for a command or a variable, but for the template's own."""
    left = OWN.sub(" ", LEXEMES.sub(" ", text))
    return "".join(re.findall(r"""\\.*|(?<!:):[A-Za-z_'"{].*|['"].*""", left))


@settings(max_examples=200, deadline=None)
@given(text=st.one_of(TEXTS, TEXTS.map(lambda text: f"{text}\\! touch PWNED\n:'x'")))
@example(text="x\n\\! touch PWNED")
@example(text="x' \\! touch PWNED")
@example(text="$migsim$; \\! touch PWNED")
@example(text="`touch PWNED`")
@example(text="*/ \\! touch PWNED /*")
def test_no_text_that_was_put_into_it_is_a_command_of_psql(text: str) -> None:
    steps = (Step(manage=("migrate", text, text, "--fake")), Step(sql=text), Step(sql=f"{text};\n{text}"))
    found = measured(text)
    first = found.states[0]
    states = (first, *(State(first.facts, state.history, state.plan, first.code) for state in found.states[1:]))
    still = Measured(states, found.facts, found.seconds, found.wrote, found.rows)
    script = psql_script.psql_script(report(text), Fix("f", text, steps, note=text), still, TEMPLATE)
    assert commands(script) == ""


@pytest.mark.parametrize(
    ("sql", "plain"),
    [
        ("SELECT a::text, 'it''s \\n :x', \"a\\b\", $$ \\! $$, a[1] -- :x \\!", True),
        ("SELECT :x", False),
        ("SELECT a[1:n]", False),
        ("SELECT 1 \\g", False),
        ("SELECT 'open", False),
        ("SELECT $x$ open", False),
        ("SELECT 1 /* open", False),
        ("SELECT /* one /* two */ \\! */ 1", False),
    ],
)
def test_sql_in_which_psql_finds_something_of_its_own_is_not_plain(sql: str, plain: bool) -> None:
    assert psql_script.is_plain(sql) is plain


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((Step(manage=("migrate", "a", "0001")), Step(manage=("migrate",))), "step 1 (migrate to a.0001) needs Python"),
        ((Step(manage=("migrate",)), Step(sql="SELECT 1")), "step 2 (SELECT 1) comes after migrate"),
    ],
)
def test_the_step_that_sql_alone_can_not_do_is_named(steps: tuple[Step, ...], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        psql_script.steps_before_migrate(Fix("f", "F", steps))
