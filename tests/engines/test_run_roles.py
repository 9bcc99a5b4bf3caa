"""Who owns the database, and what the project's role may do in it: what a superuser would hide."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import blog
from tests.support.blog import OWNER, Production
from tests.support.command import Command
from tests.support.probing import migration

# The tables stay the role's; the database is somebody else's.
OF_SUPERUSER = "RESET SESSION AUTHORIZATION; ALTER DATABASE production OWNER TO postgres;"
GRANTED = f"{OF_SUPERUSER} GRANT ALL ON SCHEMA public TO {OWNER};"
OF_ANOTHER = """RESET SESSION AUTHORIZATION;
DO $$ BEGIN CREATE ROLE dba; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
ALTER DATABASE production OWNER TO dba;"""
ALONE = blog.MODELS.split("class Tag")[0]


def pending(sql: str) -> dict[str, str]:
    """A blog whose pending migration runs that statement."""
    return {
        "blog/models.py": ALONE,
        "blog/migrations/0002_tag.py": migration(f"migrations.RunSQL({sql!r})", "blog.0001_initial"),
    }


SCHEMA, TRUSTED, UNTRUSTED = (
    pending("CREATE SCHEMA s"),
    pending("CREATE EXTENSION citext"),
    pending("CREATE EXTENSION file_fdw"),
)


def rehearse(
    migsim: Command,
    production: Production,
    script: str,
    form: str = "c",
    sources: dict[str, str] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    production.dump(blog.PRODUCTION + script, form=form).rename(migsim.folder / "prod.dump")
    blog.write(migsim.folder, sources or {})
    return migsim.rehearse()


def told(report: dict[str, Any]) -> tuple[str, str | None, str]:
    failure = report["failure"] or {}
    return report["verdict"], failure.get("sqlstate"), report["role"]


@pytest.mark.parametrize(
    ("script", "form", "verdict"),
    [
        (OF_SUPERUSER, "c", "would-fail"),  # the database is the superuser's: from 15 on nobody else creates in public
        ("", "c", "safe"),
        (OF_ANOTHER, "c", "unknown"),  # membership in an ordinary owner may allow it
        (OF_SUPERUSER, "p", "safe"),  # a plain dump does not say whose the database is; the role has made tables there
        (GRANTED, "c", "safe"),
    ],
)
def test_a_table_in_public(migsim: Command, production: Production, script: str, form: str, verdict: str) -> None:
    report = rehearse(migsim, production, script, form)
    assert told(report) == (verdict, None if verdict == "safe" else "42501", OWNER)
    assert any("who owns the database" in note for note in report["not_checked"]) is (form == "p")


@pytest.mark.parametrize("sources", [SCHEMA, TRUSTED], ids=["schema", "extension"])
@pytest.mark.parametrize(
    ("script", "form", "verdict"), [(GRANTED, "c", "would-fail"), ("", "c", "safe"), ("", "p", "unknown")]
)
def test_what_the_databases_owner_alone_may_make(
    migsim: Command, production: Production, sources: dict[str, str], script: str, form: str, verdict: str
) -> None:
    assert told(rehearse(migsim, production, script, form, sources))[0] == verdict


def test_an_untrusted_extension_needs_a_superuser_whoever_owns_the_database(
    migsim: Command, production: Production
) -> None:
    report = rehearse(migsim, production, "", sources=UNTRUSTED)
    assert told(report) == ("would-fail", "42501", OWNER)


@pytest.mark.parametrize(("version", "verdict"), [({}, "safe"), ({"version": 15}, "would-fail")])
def test_a_dump_of_14_had_public_open_to_all(
    migsim: Command, production: Production, version: dict[str, int], verdict: str
) -> None:
    """As 14 would have written it: its archives differ in the versions of the header alone, and no ACL is in it."""
    dump = production.dump(blog.PRODUCTION + OF_SUPERUSER)
    content = dump.read_bytes()
    assert content.count(b"15.", 0, 400) >= 1
    (migsim.folder / "prod.dump").write_bytes(content[:400].replace(b"15.", b"14.") + content[400:])
    blog.scenario(migsim.folder, postgres=version)
    assert told(migsim.rehearse())[0] == verdict


def test_the_role_of_the_settings_is_taken_where_the_dump_knows_it(migsim: Command, production: Production) -> None:
    role = "DO $$ BEGIN CREATE ROLE clerk; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
    script = "GRANT SELECT ON blog_post TO clerk; RESET SESSION AUTHORIZATION;"
    production.server.execute("postgres", role)
    production.dump(blog.PRODUCTION + script).rename(migsim.folder / "prod.dump")
    blog.write(migsim.folder, settings='DATABASES["default"]["USER"] = "clerk"\n')
    report = migsim.rehearse()
    assert told(report) == ("unknown", "42501", "clerk")  # it may be a member of the owner's role
    assert [warning for warning in report["warnings"] if f"role: {OWNER}" in warning]
    assert OWNER in report["because"]


def test_a_role_that_the_dump_does_not_know_is_refused(migsim: Command) -> None:
    blog.scenario(migsim.folder, postgres={"role": "stranger"})
    done = migsim.run()
    assert done.code == 2
    assert "no role 'stranger'" in done.complaint[0]


def test_without_a_dump_the_database_is_the_projects_own(migsim: Command) -> None:
    blog.write(migsim.folder, SCHEMA)
    blog.scenario(migsim.folder, baseline=[], postgres={"role": "maker"})
    assert told(migsim.rehearse()) == ("safe", None, "maker")
