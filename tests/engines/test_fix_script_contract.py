"""What a fix's script promises whoever runs it: asked, piped, looked at only, stopped in each step and run again."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.test_fix_script import BROKEN, GROWN, MODELS, MORE, RECORDED, SLUG, Site, written
from tests.support import blog
from tests.support.blog import Production
from tests.support.command import Command
from tests.support.probing import migration
from tests.support.server import Server

SHELLS = ("sh", "bash")
STEPS = 4  # fake blog.0002_tag, ALTER TABLE, fake blog.0003_slug, migrate
# The last migrate has two, of which the second can be made to fail.
LAST = {
    "blog/models.py": MODELS.replace(
        "    slug = models.CharField(max_length=64, null=True)\n",
        "    slug = models.CharField(max_length=64, null=True)\n    more = models.IntegerField(null=True)\n"
        "    most = models.IntegerField(null=True)\n",
    ),
    "blog/migrations/0004_more.py": migration(MORE, "blog.0003_slug"),
    "blog/migrations/0005_most.py": migration(
        'migrations.AddField("Post", "most", models.IntegerField(null=True))', "blog.0004_more"
    ),
}
SOURCES = {**GROWN, **LAST}
ALL = [("blog", name) for name in ("0001_initial", "0002_tag", "0003_slug", "0004_more", "0005_most")]


@pytest.fixture(scope="module")
def script(short: Path, production: Production) -> str:
    folder, migsim = short / "contract", Command(short / "contract", short / "contractruns")
    migsim.runs.mkdir()
    blog.write(folder, SOURCES)
    production.dump(blog.PRODUCTION + BROKEN, name="contract.dump").rename(folder / "prod.dump")
    blog.scenario(folder)
    done = migsim("fix", "case", "--engine", "embedded")
    assert done.code == 0, done.stderr
    return done.stdout


@pytest.fixture
def site(script: str, server: Server, tmp_path: Path) -> Iterator[Site]:
    with server.database("site", blog.PRODUCTION + BROKEN):
        yield written(tmp_path / "p", server, SOURCES, script)


def environment() -> dict[str, str]:
    return {**os.environ, "MANAGE": f"{sys.executable} manage.py", "DJANGO_SETTINGS_MODULE": "site_settings"}


def piped(site: Site, text: str, *options: str, shell: str = "sh") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shell, "-s", "--", *options],
        input=text,
        cwd=site.folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # without a terminal
    )


def answered(site: Site, answer: str) -> tuple[int, str]:
    """Run on a terminal of its own, on which that is typed: the exit code, and all that stood there."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(site.folder)
        os.execvpe("sh", ["sh", "fix.sh"], environment())
    shown, typed, until = b"", False, time.monotonic() + 120
    while time.monotonic() < until:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        with contextlib.suppress(OSError):
            if data := os.read(terminal, 4096):
                shown += data
                if b"Its name, to go on: " in shown and not typed:
                    os.write(terminal, f"{answer}\n".encode())
                    typed = True
                continue
        break
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


@pytest.mark.parametrize("shell", SHELLS)
def test_it_may_be_piped_to_look_to_mend_and_to_look_again(site: Site, script: str, shell: str) -> None:
    before = site.state()
    looked = piped(site, script, "--check", shell=shell)
    assert (looked.returncode, site.state()) == (0, before), looked.stderr
    assert f"from step 1 of {STEPS}: 1. fake blog.0002_tag" in looked.stdout
    assert piped(site, script, shell=shell).returncode == 2
    assert site.state() == before
    mended = piped(site, script, "--yes", shell=shell)
    assert (mended.returncode, site.state()[1]) == (0, ALL), mended.stderr
    looked = piped(site, script, "--check", shell=shell)
    assert (looked.returncode, "already done" in looked.stdout) == (0, True), looked.stderr


@pytest.mark.parametrize("options", [("--no",), ("--check", "--yes"), ("yes",)])
def test_what_it_is_not_told_rightly_it_does_not_do(site: Site, script: str, options: tuple[str, ...]) -> None:
    done = piped(site, script, *options)
    assert (done.returncode, "usage: " in done.stderr) == (2, True)


def test_the_databases_name_typed_on_a_terminal_lets_it_go_on(site: Site) -> None:
    before = site.state()
    for answer in ("", "yes", "sit"):
        code, shown = answered(site, answer)
        assert (code, site.state()) == (1, before), shown
        assert "not started: that is not its name" in shown
    code, shown = answered(site, "site")
    assert (code, site.state()[1]) == (0, ALL), shown


@pytest.mark.parametrize("options", ["--check", "--yes"])
def test_code_that_has_changed_is_named_and_nothing_is_started(site: Site, options: str) -> None:
    file = site.folder / "blog/migrations/0004_more.py"
    file.write_text(file.read_text().replace("null=True", "null=True, default=3"))
    before = site.state()
    done = site.run(options)
    assert (done.returncode, site.state()) == (1, before)
    assert "the code of blog.0004_more is not the one that was rehearsed" in done.stderr


@pytest.mark.parametrize("options", ["--check", "--yes"])
def test_a_manage_py_that_does_not_start_and_a_server_that_is_gone_are_not_looked_at(site: Site, options: str) -> None:
    done = site.run(options, manage="false")
    assert (done.returncode, "could not look" in done.stderr) == (3, True)
    with (site.folder / "site_settings.py").open("a") as settings:
        settings.write('DATABASES["default"]["HOST"] = "/nonexistent"\n')
    done = site.run(options)
    assert (done.returncode, "could not look" in done.stderr) == (3, True)


@pytest.mark.parametrize("number", range(1, STEPS + 1))
def test_after_a_stop_in_any_step_the_next_run_goes_on_there(site: Site, script: str, number: int) -> None:
    broken = script.replace(f"\nstep_{number}() {{\n", f"\nstep_{number}() {{\n    return 1\n")
    assert broken != script
    stopped = piped(site, broken, "--yes")
    assert stopped.returncode == 5, stopped.stderr
    assert f"stopped in step {number} of {STEPS}: {number}. " in stopped.stderr
    assert ("is done and stays" in stopped.stderr) == (number > 1)
    assert "running this again goes on there" in stopped.stderr
    looked = piped(site, script, "--check")
    assert (looked.returncode, f"from step {number} of" in looked.stdout) == (0, True), looked.stderr
    mended = piped(site, script, "--yes")
    assert (mended.returncode, site.state()[1]) == (0, ALL), mended.stderr
    assert "\n1. fake" not in f"\n{mended.stdout}" or number == 1


def test_after_a_stop_between_two_migrations_of_one_step_the_next_run_goes_on_there(site: Site) -> None:
    """A lock of somebody else's is in the way of the last migration, and then no more."""
    site.server.execute(
        "site",
        """CREATE FUNCTION stop() RETURNS event_trigger LANGUAGE plpgsql AS $$
        BEGIN IF EXISTS (SELECT FROM pg_attribute WHERE attname = 'most') THEN RAISE EXCEPTION 'no'; END IF; END $$;
        CREATE EVENT TRIGGER stop ON ddl_command_end EXECUTE FUNCTION stop()""",
    )
    stopped = site.run("--yes")
    assert (stopped.returncode, site.state()[1]) == (5, ALL[:-1]), stopped.stderr
    assert f"stopped in step {STEPS} of {STEPS}: " in stopped.stderr
    assert "running this again goes on there" in stopped.stderr
    site.server.execute("site", "DROP EVENT TRIGGER stop")
    site.mends()
    assert site.server.query("site", RECORDED) == ALL


def test_a_database_that_somebody_changes_in_between_is_not_gone_on_with(site: Site, script: str) -> None:
    change = "ALTER TABLE blog_tag ADD other int"
    broken = script.replace("\nstep_2() {\n", f'\nstep_2() {{\n    echo "{change}" | sql together\n    return 1\n')
    stopped = piped(site, broken, "--yes")
    assert (stopped.returncode, "in no state that was rehearsed" in stopped.stderr) == (5, True)
    assert '"public"."blog_tag" is not as rehearsed' in stopped.stderr
    again = piped(site, script, "--yes")
    assert (again.returncode, "blog_tag" in again.stderr) == (1, True)


def test_no_row_and_no_secret_is_in_it_and_its_head_tells_each_step(script: str) -> None:
    assert blog.ROW not in script
    assert SLUG not in script
    head = script.partition("\n{\n")[0]
    assert re.search(
        r"^# Rehearsed 20\d\d-\S+\+00:00 with .* on prod\.dump \(sha256 [0-9a-f]{64}\)", head, re.MULTILINE
    )
    for words in ("BEGIN;", "COMMIT;", "taken back by: ", "in the rehearsal", "touches: ", "blocks "):
        assert words in head
