"""The script of a fix has nothing in it that a dump, a project or a file's name could have put there as a command."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from simulator.host.resources import shipped
from simulator.model import Dump, Fix, ProjectVersion, Report, Step, Verdict
from simulator.trials import script as fix_script
from simulator.trials.script import Guards

TEMPLATE = (shipped("templates") / "fix.sh.j2").read_text()
BREAKS = ("\n", "\r", "'", '"', "\\", "`", "$(", "touch PWNED", ";", "#", "SQL\n", "\x85", "\u2028")
TEXTS = st.lists(st.one_of(st.characters(codec="utf-8", exclude_characters="\0"), st.sampled_from(BREAKS))).map("".join)


def script(text: str) -> str:
    """A script that holds the text wherever something of the dump, the scenario or the project can come to stand."""
    fix = Fix(
        "f",
        text,
        (Step(manage=("migrate", text, text, "--fake")), Step(sql=text), Step(sql=f"{text};\n{text}")),
        note=text,
    )
    report = Report(
        text,
        Verdict.WOULD_FAIL,
        1,
        dump=Dump(Path(f"d/{text}"), "custom"),
        dump_sha256=text,
        project=ProjectVersion(ref=text, commit=text),
        not_checked=(text,),
    )
    query = fix_script.state_query([(text, text)], text)
    guards = Guards(query, fix_script.state_of([(text, text)]), (f"{text}.{text}",), {})
    return fix_script.script(report, fix, guards, text, TEMPLATE)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
@example(text="x\ntouch PWNED #")
@example(text="x'\ntouch PWNED #")
@example(text='x"; touch PWNED; "')
@example(text="SQL\ntouch PWNED #")
def test_it_runs_no_text_that_was_put_into_it(text: str, tmp_path: Path) -> None:
    """``MANAGE=true``: every command succeeds and prints nothing, so it goes as far as the check of the state."""
    reached = (
        script(text).replace('test "$state" = "$rehearsed" ||', ":").replace('test "$found" = "$expected" ||', ":")
    )
    done = subprocess.run(
        ["sh"],
        input=reached.encode(),
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "MANAGE": "true"},
        capture_output=True,
    )
    assert (done.returncode, done.stderr, list(tmp_path.iterdir())) == (0, b"", [])
    assert done.stdout.endswith(b"done: nothing is pending.\n")


def test_a_row_of_the_state_is_a_line_whatever_its_names_hold() -> None:
    assert fix_script.state_of([('"public"."a\nb"', "absent"), ("é", 1)]) == '"public"."a\\nb" absent\n\\xe9 1'
