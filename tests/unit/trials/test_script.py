"""The script of a fix has nothing in it that a dump, a project or a file's name could have put there as a command."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from simulator.host.resources import shipped
from simulator.model import Dump, Fix, ProjectVersion, Report, Step, Verdict
from simulator.trials import script as fix_script
from simulator.trials import script_state
from simulator.trials.script import Files, Measured
from simulator.trials.script_state import State

TEMPLATES = shipped("templates")
FILES = Files((TEMPLATES / "fix.sh.j2").read_text(), (TEMPLATES / "fix_look.py").read_text())
BREAKS = ("\n", "\r", "'", '"', "\\", "`", "$(", "touch PWNED", ";", "#", "SQL\n", "\x85", "\u2028")
TEXTS = st.lists(st.one_of(st.characters(codec="utf-8", exclude_characters="\0"), st.sampled_from(BREAKS))).map("".join)


def fix(text: str) -> Fix:
    steps = (
        Step(manage=("migrate", text, text, "--fake")),
        Step(sql=text, effects=(text,)),
        Step(sql=f"{text};\n{text}"),
    )
    return Fix("f", text, steps, note=text)


def report(text: str) -> Report:
    return Report(
        text,
        Verdict.WOULD_FAIL,
        1,
        dump=Dump(Path(f"d/{text}"), "custom"),
        dump_sha256=text,
        project=ProjectVersion(ref=text, commit=text),
        not_checked=(text,),
    )


def measured(text: str) -> Measured:
    """Three steps, of which each changes what holds the text."""
    states = tuple(
        State({text: str(number), "b": "0"}, (f"{text}.{text}",) * number, (f"a.{text}",), {f"a.{text}": text}, text)
        for number in range(4)
    )
    return Measured(states, frozenset({text, "b"}), (1.0,) * 3, ((text,),) * 3, {f"public.{text}": 3})


def script(text: str) -> str:
    """A script that holds the text wherever something of the dump, the scenario or the project can come to stand."""
    return fix_script.script(report(text), fix(text), measured(text), text, FILES)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
@example(text="x\ntouch PWNED #")
@example(text="x'\ntouch PWNED #")
@example(text='x"; touch PWNED; "')
@example(text="SQL\ntouch PWNED #")
@pytest.mark.parametrize("command", ["look 0; step_1 && step_2 && step_3 && name 1 >/dev/null", 'main "--yes"'])
def test_it_runs_no_text_that_was_put_into_it(command: str, text: str, tmp_path: Path) -> None:
    """``MANAGE=true``: every command succeeds and prints nothing."""
    done = subprocess.run(
        ["sh"],
        input=fix_script.calling(script(text), command).encode(),
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "MANAGE": "true"},
        capture_output=True,
    )
    assert (done.returncode, list(tmp_path.iterdir())) == (3 if "main" in command else 0, []), done.stderr
    assert b"not found" not in done.stderr


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9, 0.999])
def test_what_was_cut_off_on_its_way_runs_nothing(part: float, tmp_path: Path) -> None:
    text = script("x")
    cut = text[: int(len(text) * part)] if part < 0.999 else text.rstrip()[:-1]
    environment = {"PATH": "/usr/bin:/bin", "MANAGE": "touch RAN;"}
    done = subprocess.run(["sh"], input=cut.encode(), cwd=tmp_path, env=environment, capture_output=True)
    assert (done.returncode, done.stdout, list(tmp_path.iterdir())) == (2, b"", [])


def test_its_head_says_of_each_step_what_it_runs_takes_touches_and_how_it_is_taken_back() -> None:
    steps = (
        Step(manage=("migrate", "blog", "0002_tag", "--fake")),
        Step(sql='ALTER TABLE "blog_post" ADD COLUMN "slug" varchar(64) NULL', effects=("rewrites it",)),
        Step(manage=("migrate",)),
    )
    public = '"public"."blog_post"'
    states = (
        State({public: "a"}, (), ("blog.0002_tag",)),
        State({public: "a"}, ("blog.0002_tag",), ()),
        State({public: "b"}, ("blog.0002_tag",), ()),
        State({public: "b"}, ("blog.0002_tag",), ()),
    )
    found = Measured(states, frozenset({public}), (1.0, 2.5, 1.0), ((),) * 3, {"public.blog_post": 4212})
    text = fix_script.script(report("case"), Fix("f", "F", steps), found, "default", FILES)
    head = "\n".join(line for line in text.partition("\n{\n")[0].splitlines())
    assert "manage.py migrate blog 0002_tag --fake --no-input" in head
    assert """DELETE FROM "django_migrations" WHERE ("app", "name") IN (('blog', '0002_tag'))""" in head
    assert (
        '#        BEGIN;\n#        ALTER TABLE "blog_post" ADD COLUMN "slug" varchar(64) NULL;\n#        COMMIT;'
        in head
    )
    assert "#      rewrites it\n" in head
    assert "touches: public.blog_post, which had 4,212 rows" in head
    assert 'taken back by: ALTER TABLE "blog_post" DROP COLUMN "slug"' in head
    assert "nothing has to be: there was nothing for it to do" in head


def test_what_is_described_is_read_as_it_was_whatever_its_names_hold() -> None:
    told = {
        "facts": {'"public"."a\nb\\"': "absent"},
        "history": ["é.1"],
        "plan": None,
        "code": {},
        "user": "me",
        "schemas": ["a b"],
    }
    line = json.dumps(told).encode("unicode_escape").decode("ascii")
    state = script_state.read(line)
    assert (state.facts, state.history, state.plan) == ({'"public"."a\nb\\"': "absent"}, ("é.1",), None)


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ('CREATE INDEX CONCURRENTLY "Odd ""one" ON "s"."t" ("a")', ('"s"."t"', 'Odd "one')),
        ("create unique index concurrently if not exists By_It on t (a)", ("t", "by_it")),
        ("CREATE INDEX a ON t (b)", ()),
    ],
)
def test_an_index_that_is_built_concurrently_is_known_by_name(sql: str, found: tuple[str, ...]) -> None:
    assert fix_script.index_of(Step(sql=sql)) == found
