"""Real dumps restored into a real server: what arrives, as whom, and what is said about the rest."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from simulator import dumps
from simulator.baseline import restore
from simulator.baseline.restore import Restored
from simulator.baseline.roles import settle_role
from simulator.engines.base import Environment, Psql
from simulator.engines.plan import SUPERUSER
from simulator.errors import CannotTell, UsageError
from simulator.model import Dump, Phase
from simulator.postgres import database
from simulator.scenario import Role
from tests.support import dumping
from tests.support.dumping import NEWEST, OLDEST, Source, compress

EVERY = ("custom", "uncompressed", "directory", "tar", "plain", "inserts")
COMPRESSED = ("uncompressed.gz", "uncompressed.zst", "tar.xz", "plain.gz", "plain.xz", "plain.zst")


def restored(environment: Environment, dbname: str, dump: Dump, role: str | Role = "auto", **options: Any) -> Restored:
    """A new database filled from one dump."""
    plan = settle_role(role, dump)
    restore.prepare(environment, dbname, plan, encoding=dump.encoding)
    return restore.restore(environment, dbname, dump, plan=plan, **options)


def tell(environment: Environment, dbname: str, statement: str, user: str = SUPERUSER) -> None:
    with database.connect(environment.address(dbname, user)) as connection:
        connection.execute(statement.encode())


def ask(environment: Environment, dbname: str, query: str, user: str = SUPERUSER) -> list[tuple[Any, ...]]:
    with database.connect(environment.address(dbname, user)) as connection:
        return connection.execute(query.encode()).fetchall()


COUNTS = """SELECT (SELECT count(*) FROM app.django_migrations), (SELECT count(*) FROM app.customer),
                   (SELECT count(*) FROM app."Order Line"), (SELECT count(*) FROM pg_largeobject_metadata)"""


@pytest.mark.parametrize("name", [*EVERY, *COMPRESSED])
def test_everything_arrives_with_its_owners(
    server: Environment, shop_dumps: Mapping[str, Path], dbname: str, name: str
) -> None:
    done = restored(server, dbname, dumps.read(shop_dumps[name]))
    assert done.errors == ()
    assert all("transaction_timeout" in warning for warning in done.warnings)  # what the newest pg_restore sets
    assert done.empty_before
    assert ask(server, dbname, COUNTS) == [(7, 5, 400, 1)]
    assert ask(server, dbname, "SELECT name FROM app.customer WHERE id = 1") == [("\\connect evil",)]
    with database.connect(server.address(dbname, SUPERUSER)) as connection:
        assert database.owner_of(connection, "customer") == "shop_app"
    granted = "SELECT has_table_privilege('Reporting-Team', 'app.totals', 'select')"
    assert ask(server, dbname, granted) == [(True,)]


def test_the_project_connects_as_the_tables_owner_and_the_database_is_its_own_owners(
    server: Environment, shop_dumps: Mapping[str, Path], dbname: str
) -> None:
    restored(server, dbname, dumps.read(shop_dumps["custom"]))
    query = (
        "SELECT current_user, rolsuper, pg_get_userbyid(datdba) FROM pg_roles, pg_database WHERE rolname = current_user"
    )
    assert ask(server, dbname, f"{query} AND datname = '{dbname}'", "shop_app") == [("shop_app", False, SUPERUSER)]


def test_as_superuser_owners_and_grants_are_left_out(
    server: Environment, shop_dumps: Mapping[str, Path], dbname: str
) -> None:
    assert restored(server, dbname, dumps.read(shop_dumps["custom"]), role="superuser").errors == ()
    with database.connect(server.address(dbname, SUPERUSER)) as connection:
        assert database.owner_of(connection, "customer", "app") == SUPERUSER


def test_a_role_of_the_scenario_and_its_memberships(
    server: Environment, shop_dumps: Mapping[str, Path], dbname: str
) -> None:
    role = Role(name="deployer", member_of=("shop_app",))
    assert restored(server, dbname, dumps.read(shop_dumps["custom"]), role=role).errors == ()
    tell(server, dbname, "ALTER TABLE app.customer ADD COLUMN extra integer", "deployer")
    restore.prepare(server, f"{dbname}_b", settle_role("stranger", None))
    assert ask(server, f"{dbname}_b", "SELECT current_user", "stranger") == [("stranger",)]


@pytest.mark.parametrize("name", ["custom", "tar", "directory"])
def test_the_databases_own_settings_are_applied(
    server: Environment, shop_dumps: Mapping[str, Path], dbname: str, name: str
) -> None:
    restored(server, dbname, dumps.read(shop_dumps[name]))
    assert ask(server, dbname, "SELECT count(*) FROM django_migrations", "shop_app") == [(7,)]
    assert ask(server, dbname, "SHOW search_path") == [("app, public",)]
    assert ask(server, dbname, "SHOW app.token") == [("s3cret-token",)]


def test_a_setting_that_the_server_refuses_is_named_without_its_value(
    server: Environment, shop_dumps: Mapping[str, Path], dbname: str
) -> None:
    dump = dumps.read(shop_dumps["custom"])
    dump = dataclasses.replace(dump, settings=("ALTER DATABASE shop SET no_such_thing TO 'hunter2'",))
    done = restored(server, dbname, dump)
    assert done.errors == ()
    assert done.warnings[0] == "the database's setting no_such_thing was not applied (SQLSTATE 42704)"
    assert "hunter2" not in repr(done)


@pytest.mark.parametrize("format_", ["-Fc", "-Fp"])
def test_a_newer_pg_dump_of_the_same_server_does_no_harm(
    server: Environment, shop: Source, tmp_path: Path, dbname: str, format_: str
) -> None:
    r"""What pg_dump writes for newer servers and tools: SET transaction_timeout, \restrict."""
    done = restored(server, dbname, dumps.read(shop.dump(tmp_path / "d", format_, major=NEWEST)))
    assert done.errors == ()
    assert all("transaction_timeout" in warning for warning in done.warnings)
    assert ask(server, dbname, COUNTS) == [(7, 5, 400, 1)]


def test_restrict_does_no_harm_with_a_psql_that_does_not_know_it(
    server: Environment, shop_dumps: Mapping[str, Path], tmp_path: Path, dbname: str
) -> None:
    text = shop_dumps["plain"].read_text()
    assert "\n\\restrict " in text
    path = tmp_path / "shop.sql"
    path.write_text(text.replace("\\restrict ", "\\restrict_of_tomorrow "))
    with pytest.raises(CannotTell, match="restrict_of_tomorrow"):
        dumps.read(path)


def test_an_older_dump_on_a_newer_server_is_a_warning(
    newest_server: Environment, shop_dumps: Mapping[str, Path], dbname: str
) -> None:
    done = restored(newest_server, dbname, dumps.read(shop_dumps["custom"]))
    assert done.errors == ()
    assert f"dump is of PostgreSQL {OLDEST}." in done.warnings[0]
    assert f"server is {NEWEST}." in done.warnings[0]


def test_a_newer_dump_is_refused_by_an_older_server(
    server: Environment, newer_shop: Source, tmp_path: Path, dbname: str
) -> None:
    dump = dumps.read(newer_shop.dump(tmp_path / "d", "-Fc", major=NEWEST))
    with pytest.raises(CannotTell, match=f"dumped from PostgreSQL {NEWEST}") as refusal:
        restored(server, dbname, dump)
    assert f'version: "{NEWEST}"' in refusal.value.hint


def test_an_archive_of_a_newer_pg_dump_needs_newer_clients(shop: Source, tmp_path: Path, dbname: str) -> None:
    dump = dumps.read(shop.dump(tmp_path / "d", "-Fc", major=NEWEST))
    with pytest.raises(CannotTell, match=f"pg_restore here is {OLDEST}") as refusal:
        restored(shop.environment, dbname, dump)
    assert f"PostgreSQL {NEWEST}" in refusal.value.hint


def test_over_a_database_that_was_not_empty(server: Environment, shop_dumps: Mapping[str, Path], dbname: str) -> None:
    dump = dumps.read(shop_dumps["custom"])
    restored(server, dbname, dump)
    again = restore.restore(server, dbname, dump, plan=settle_role("auto", dump))
    assert not again.empty_before
    assert {error.phase for error in again.errors} == {Phase.RESTORE}
    assert {"42P06", "42P07", "23505"} <= {error.sqlstate for error in again.errors}
    tables = {error.relation for error in again.errors if error.sqlstate == "42P07"}
    assert {"customer", "django_migrations", "Order Line", "totals"} <= tables
    assert "Jane" not in repr(again)


@pytest.mark.parametrize("name", ["custom", "plain"])
def test_a_database_that_logs_nothing_hides_nothing(
    server: Environment, shop_dumps: Mapping[str, Path], dbname: str, name: str
) -> None:
    silent = tuple(
        f"ALTER DATABASE shop SET {one} TO 'panic'" for one in ("log_min_messages", "log_min_error_statement")
    )
    dump = dataclasses.replace(dumps.read(shop_dumps[name]), settings=silent)
    restored(server, dbname, dump)
    assert ask(server, dbname, "SHOW log_min_messages") == [("panic",)]
    again = restore.restore(server, dbname, dump, plan=settle_role("auto", dump))
    assert "customer" in {error.relation for error in again.errors if error.sqlstate == "42P07"}


def test_cleaned_before_it_is_restored_over(server: Environment, shop_dumps: Mapping[str, Path], dbname: str) -> None:
    dump = dumps.read(shop_dumps["custom"])
    restored(server, dbname, dump)
    again = restore.restore(server, dbname, dump, plan=settle_role("auto", dump), clean=True)
    assert again.errors == ()
    assert not again.empty_before
    assert ask(server, dbname, COUNTS) == [(7, 5, 400, 1)]


def test_cleaning_stops_at_what_depends_on_it(server: Environment, shop_dumps: Mapping[str, Path], dbname: str) -> None:
    dump = dumps.read(shop_dumps["uncompressed.gz"])
    restored(server, dbname, dump)
    tell(server, dbname, "CREATE VIEW public.mine AS SELECT * FROM app.customer")
    again = restore.restore(server, dbname, dump, plan=settle_role("auto", dump), clean=True)
    assert "2BP01" in {error.sqlstate for error in again.errors}


def test_a_plain_dump_over_its_own_tables(server: Environment, shop_dumps: Mapping[str, Path], dbname: str) -> None:
    dump = dumps.read(shop_dumps["plain"])
    restored(server, dbname, dump)
    again = restore.restore(server, dbname, dump, plan=settle_role("auto", dump))
    assert {"42P07", "23505"} <= {error.sqlstate for error in again.errors}
    assert {error.exception for error in again.errors} == {"psql"}


def test_clean_needs_an_archive(server: Environment, shop_dumps: Mapping[str, Path], dbname: str) -> None:
    with pytest.raises(UsageError, match="archives only"):
        restored(server, dbname, dumps.read(shop_dumps["plain"]), clean=True)


@pytest.mark.parametrize("name", ["custom", "tar.gz", "directory"])
def test_the_schema_alone_brings_the_history_and_every_sequence(
    server: Environment, shop_dumps: Mapping[str, Path], dbname: str, name: str
) -> None:
    done = restored(server, dbname, dumps.read(shop_dumps[name]), tier="schema")
    assert done.errors == ()
    assert ask(server, dbname, COUNTS) == [(7, 0, 0, 0)]
    assert ask(server, dbname, "INSERT INTO app.django_migrations (app, name) VALUES ('a', 'b') RETURNING id") == [(8,)]
    assert ask(server, dbname, """SELECT nextval('app."Order Line_id_seq"')""") == [(401,)]


def test_the_schema_alone_of_a_plain_dump_is_all_of_it(
    server: Environment, shop_dumps: Mapping[str, Path], dbname: str
) -> None:
    done = restored(server, dbname, dumps.read(shop_dumps["plain"]), tier="schema")
    assert "tier: schema" in done.warnings[0]
    assert ask(server, dbname, COUNTS) == [(7, 5, 400, 1)]


@pytest.mark.parametrize("name", ["custom", "directory"])
def test_a_large_archive_is_restored_by_several_jobs(
    server: Environment, shop_dumps: Mapping[str, Path], dbname: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore, "_PARALLEL_FROM", 1)
    dump = dumps.read(shop_dumps[name])
    assert restored(server, dbname, dump).errors == ()
    assert ask(server, dbname, COUNTS) == [(7, 5, 400, 1)]
    again = restore.restore(server, dbname, dump, plan=settle_role("auto", dump))
    assert {"42P06", "42P07", "23505"} <= {error.sqlstate for error in again.errors}


def test_progress_counts_the_bytes_of_the_file(
    server: Environment, shop_dumps: Mapping[str, Path], dbname: str
) -> None:
    dump = dumps.read(shop_dumps["plain.gz"])
    told: list[tuple[int, int, str]] = []
    restored(server, dbname, dump, progress=lambda *step: told.append(step))
    assert told[-1] == (dump.size, dump.size, "shop.sql.gz")


EXTENSIONS = """
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
COMMENT ON EXTENSION hstore IS 'ours';
CREATE TABLE public.tag (id integer PRIMARY KEY, name citext);
INSERT INTO public.tag VALUES (1, 'a');
"""


@pytest.fixture(scope="session")
def with_extensions(shop: Source) -> Source:
    return dumping.make(shop.environment, "with_extensions", EXTENSIONS)


@pytest.mark.parametrize("format_", ["-Fc", "-Fp"])
def test_an_extension_that_the_server_lacks_is_told_before_rows_are_loaded(
    newest_server: Environment, with_extensions: Source, tmp_path: Path, dbname: str, format_: str
) -> None:
    dump = dumps.read(with_extensions.dump(tmp_path / "d", format_, major=OLDEST))
    assert dump.extensions == ("citext", "hstore")
    with pytest.raises(CannotTell, match="citext, hstore") as refusal:
        restored(newest_server, dbname, dump)
    assert "postgres: {ignore_extensions: [citext, hstore]}" in refusal.value.hint


@pytest.mark.parametrize("format_", ["-Fc", "-Fp"])
@pytest.mark.parametrize("packed", [False, True])
def test_ignored_extensions_are_left_out(
    server: Environment, with_extensions: Source, tmp_path: Path, dbname: str, format_: str, packed: bool
) -> None:
    path = with_extensions.dump(tmp_path / "d", format_, major=OLDEST)
    dump = dumps.read(compress(path, "zst") if packed else path)
    done = restored(server, dbname, dump, ignore_extensions=("hstore", "postgis"))
    assert done.errors == ()
    assert done.not_checked == ("the extension hstore (ignore_extensions)",)
    assert ask(server, dbname, "SELECT extname FROM pg_extension ORDER BY 1") == [("citext",), ("plpgsql",)]
    assert ask(server, dbname, "SELECT count(*) FROM public.tag") == [(1,)]


PLATFORM = r"""--
-- PostgreSQL database dump
--

-- Dumped from database version {version}

SET transaction_timeout = 0;
CREATE EXTENSION IF NOT EXISTS pg_net WITH SCHEMA public;
COMMENT ON EXTENSION pg_net IS 'Async HTTP';
CREATE FUNCTION public.noticed() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END; $$;
ALTER FUNCTION public.noticed() OWNER TO supabase_admin;
CREATE TABLE public.tag (id integer);
ALTER TABLE public.tag OWNER TO shop_app;
COPY public.tag (id) FROM stdin;
7
\.
COPY net.jobs (id) FROM stdin;
1
\.
CREATE PUBLICATION supabase_realtime WITH (publish = 'insert');
GRANT USAGE ON SCHEMA net TO supabase_functions_admin;
GRANT ALL ON FUNCTION net.http_get(url text) TO anon;
ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA net GRANT ALL ON TABLES TO postgres;
GRANT ALL ON SCHEMA public TO cloudsqlsuperuser;
CREATE EVENT TRIGGER noticed ON ddl_command_end WHEN TAG IN ('CREATE EXTENSION') EXECUTE FUNCTION public.noticed();
ALTER EVENT TRIGGER noticed OWNER TO supabase_admin;
--
-- PostgreSQL database dump complete
--
"""


def test_what_a_managed_platform_puts_into_a_dump_stops_no_restore(
    server: Environment, tmp_path: Path, dbname: str
) -> None:
    path = tmp_path / "platform.sql"
    path.write_text(PLATFORM.replace("{version}", server.server_version.split()[0]))
    done = restored(server, dbname, dumps.read(path))
    assert done.errors == ()
    assert done.left_out == ("pg_net",)
    assert sum("pg_net" in warning for warning in done.warnings) == 1
    assert ask(server, dbname, "SELECT id FROM public.tag") == [(7,)]


def test_one_database_of_a_pg_dumpall_with_its_memberships(
    server: Environment, shop: Source, tmp_path: Path, dbname: str
) -> None:
    create = shop.dump(tmp_path / "create.sql", "-Fp", "-C", major=OLDEST).read_text()
    roles = "CREATE ROLE clerk;\nCREATE ROLE readers;\nGRANT readers TO clerk GRANTED BY postgres;\n"
    privilege = "GRANT CREATE ON DATABASE shop TO clerk;\n"
    path = tmp_path / "all.sql"
    header, end = (
        "--\n-- PostgreSQL database cluster dump\n--\n",
        "--\n-- PostgreSQL database cluster dump complete\n--\n",
    )
    path.write_text(f"{header}{roles}{create}{privilege}{end}")
    dump = dumps.read(path, "shop")
    done = restored(server, dbname, dump)
    assert done.errors == ()
    assert ask(server, dbname, COUNTS) == [(7, 5, 400, 1)]
    assert ask(server, dbname, "SELECT pg_has_role('clerk', 'readers', 'member')") == [(True,)]
    assert ask(server, dbname, f"SELECT has_database_privilege('clerk', '{dbname}', 'create')") == [(True,)]
    assert ask(server, dbname, "SHOW search_path") == [("app, public",)]


def test_a_dump_of_an_empty_database_is_no_error(
    server: Environment, shop: Source, tmp_path: Path, dbname: str
) -> None:
    empty = dumping.make(shop.environment, "empty", "SELECT 1")
    assert restored(server, dbname, dumps.read(empty.dump(tmp_path / "d", "-Fc", major=OLDEST))).errors == ()


def test_nothing_arriving_is_not_taken_for_success(
    server: Environment, shop: Source, tmp_path: Path, dbname: str
) -> None:
    empty = dumping.make(shop.environment, "lying", "SELECT 1")
    dump = dumps.read(empty.dump(tmp_path / "d", "-Fc", major=OLDEST))
    with pytest.raises(CannotTell, match="no relation arrived"):
        restored(server, dbname, dataclasses.replace(dump, relations=4))


def test_a_compressed_file_cut_inside_a_directory(
    server: Environment, shop_dumps: Mapping[str, Path], tmp_path: Path, dbname: str
) -> None:
    """Only pg_restore reads those rows, and it stops at the first that it can't."""
    folder = shutil.copytree(shop_dumps["directory"], tmp_path / "dir")
    rows = max(folder.glob("[0-9]*.dat.gz"), key=lambda file: file.stat().st_size)
    rows.write_bytes(rows.read_bytes()[:-100])
    with pytest.raises(CannotTell, match="stopped before the end"):
        restored(server, dbname, dumps.read(folder))


TABLESPACE = """
CREATE TABLE public.django_migrations (id integer);
CREATE TABLE public.slow (id integer) TABLESPACE fast_disk;
"""


@pytest.mark.parametrize("format_", ["-Fc", "-Fp"])
def test_tablespaces_are_left_out_and_told(
    server: Environment, shop: Source, tmp_path: Path, dbname: str, format_: str
) -> None:
    _tablespace(shop.environment)
    source = dumping.make(shop.environment, f"in_tablespace_{dbname}", TABLESPACE)
    dump = dumps.read(source.dump(tmp_path / "d", format_, major=OLDEST))
    assert dump.tablespaces == ("fast_disk",)
    done = restored(server, dbname, dump)
    assert done.errors == ()
    assert any("fast_disk" in warning for warning in done.warnings)
    assert ask(server, dbname, "SELECT count(*) FROM public.slow") == [(0,)]


def _tablespace(environment: Environment) -> None:
    with database.connect(environment.address("postgres", SUPERUSER)) as admin:
        if admin.execute("SELECT FROM pg_tablespace WHERE spcname = 'fast_disk'").fetchone() is None:
            admin.execute("SET allow_in_place_tablespaces = on")
            admin.execute("CREATE TABLESPACE fast_disk LOCATION ''")


def test_the_encoding_of_the_dump_is_kept(server: Environment, shop: Source, tmp_path: Path, dbname: str) -> None:
    with database.connect(shop.environment.address("postgres", SUPERUSER)) as admin:
        database.create_database(admin, "old_encoding", SUPERUSER, encoding="SQL_ASCII")
    with database.connect(shop.environment.address("old_encoding", SUPERUSER)) as connection:
        connection.execute(r"CREATE TABLE t AS SELECT E'caf\xe9'::text AS name")
    dump = dumps.read(Source(shop.environment, "old_encoding").dump(tmp_path / "d", "-Fc", major=OLDEST))
    assert dump.encoding == "SQL_ASCII"
    assert restored(server, dbname, dump).errors == ()
    assert ask(server, dbname, "SHOW server_encoding") == [("SQL_ASCII",)]


@pytest.mark.parametrize("packed", [False, True])
def test_a_script_by_hand(
    server: Environment, shop_dumps: Mapping[str, Path], tmp_path: Path, dbname: str, packed: bool
) -> None:
    restored(server, dbname, dumps.read(shop_dumps["custom"]))
    script = tmp_path / "legacy.sql"
    script.write_text("CREATE TABLE app.by_hand (id integer);\nCOPY app.by_hand FROM stdin;\n1\n\\.\n")
    done = restore.run_sql(server, dbname, compress(script, "gz") if packed else script, user="shop_app")
    assert done.errors == ()
    assert not done.empty_before
    with database.connect(server.address(dbname, SUPERUSER)) as connection:
        assert database.owner_of(connection, "by_hand") == "shop_app"


def test_a_script_that_fails_names_its_line(server: Environment, tmp_path: Path, dbname: str) -> None:
    restore.prepare(server, dbname, settle_role("superuser", None))
    script = tmp_path / "legacy.sql"
    script.write_text("CREATE TABLE t (id integer);\n\nCREATE TABLE t (id integer);\nCREATE TABLE after ();\n")
    (error,) = restore.run_sql(server, dbname, script).errors
    assert (error.phase, error.sqlstate, error.relation) == (Phase.RESTORE, "42P07", "t")
    assert error.message == 'relation "t" already exists (legacy.sql, line 3)'
    assert ask(server, dbname, "SELECT to_regclass('after')") == [(None,)]


def test_the_last_statement_of_a_script_needs_no_semicolon(server: Environment, tmp_path: Path, dbname: str) -> None:
    restore.prepare(server, dbname, settle_role("superuser", None))
    script = tmp_path / "legacy.sql"
    script.write_text("CREATE TABLE t (id integer);\nINSERT INTO t VALUES (1) -- the only one")
    assert restore.run_sql(server, dbname, script).errors == ()
    assert ask(server, dbname, "SELECT id FROM t") == [(1,)]


@pytest.mark.parametrize("line", ["\\connect postgres", "\\! id", "CREATE DATABASE other;"])
def test_a_script_that_leaves_its_database_is_refused(
    server: Environment, tmp_path: Path, dbname: str, line: str
) -> None:
    script = tmp_path / "legacy.sql"
    script.write_text(f"CREATE TABLE t (id integer);\n{line}\n")
    with pytest.raises(CannotTell, match=r"legacy\.sql"):
        restore.run_sql(server, dbname, script)


# --- a dump that somebody else has written ---------------------------------------------------------

PLAIN = """\
--
-- PostgreSQL database dump
--

\\restrict theirs

SET client_encoding = 'UTF8';
CREATE TABLE public.good (a text);
%s
CREATE TABLE public.after (a text);
--
-- PostgreSQL database dump complete
--

\\unrestrict theirs

"""
PROGRAM = '\\set x `touch {mark}`\nCREATE TABLE public.:"x" (a int);\n'
HOSTILE = {
    "rows of a copy that fails": "COPY public.nothing_here (a) FROM stdin;\n" + PROGRAM + "\\.\n",
    "after a quote that a backslash hides": (
        "SET standard_conforming_strings = off;\nINSERT INTO public.good VALUES ('a\\', ' "
        + PROGRAM
        + "-- ');\nSELECT 'a');\n"
    ),
    "after a quote that a function's setting hides": (
        "SELECT set_config('standard_conforming_strings', 'off', false);\n"
        "INSERT INTO public.good VALUES ('a\\', ' " + PROGRAM + "-- ');\nSELECT 'a';\n"
    ),
    "with the key of the dump": "\\unrestrict theirs\nCOPY public.nothing_here (a) FROM stdin;\n" + PROGRAM + "\\.\n",
}


def hostile(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "hostile.sql"
    path.write_text(PLAIN % body)
    return path


@pytest.mark.parametrize("case", HOSTILE)
def test_a_dump_runs_no_program_through_psql(server: Environment, tmp_path: Path, dbname: str, case: str) -> None:
    mark = f"{server.scratch('server')}/mark"
    path = hostile(tmp_path, HOSTILE[case].format(mark=mark))
    with contextlib.suppress(CannotTell):  # refused before it is run is as good
        restored(server, dbname, dumps.read(path))
    assert server.run("server", ("ls", mark)).code != 0


def test_the_same_program_would_run_if_psql_were_not_restricted(server: Environment, tmp_path: Path) -> None:
    mark = f"{server.scratch('server')}/unrestricted"
    script = tmp_path / "s.sql"
    script.write_text(f"\\set x `touch {mark}`\n")
    asked = (server.psql.path, "-Xq", "-h", server.inside("postgres", SUPERUSER).host, "-U", SUPERUSER, "-f")
    assert server.run("server", (*asked, server.put("server", script))).code == 0
    assert server.run("server", ("ls", mark)).code == 0


@pytest.mark.parametrize(
    "rows",
    ["SELECT 1;\nCREATE TABLE public.from_rows ();\n", "ROLLBACK;\nCREATE TABLE public.from_rows ();\n", "1\t2\n"],
)
@pytest.mark.parametrize("before", ["", "BEGIN;\n", "BEGIN;\nSELECT 1/0;\n"])
@pytest.mark.parametrize("table", ["nothing_here", "good"])
def test_rows_of_a_copy_that_failed_are_no_statements(
    server: Environment, tmp_path: Path, dbname: str, rows: str, before: str, table: str
) -> None:
    """Nor is anything after it sent: the first one that fails ends the restore."""
    columns = "a" if table == "nothing_here" else "no_such_column"
    path = hostile(tmp_path, f"{before}COPY public.{table} ({columns}) FROM stdin;\n{rows}\\.\nCOMMIT;\n")
    done = restored(server, dbname, dumps.read(path))
    assert done.errors[0].sqlstate in ("42P01", "42703", "22012")
    assert any("ended at the first COPY" in warning for warning in done.warnings)
    there = "SELECT relname FROM pg_class WHERE relname IN ('good', 'after', 'from_rows')"
    assert ask(server, dbname, there) == [("good",)]


def test_what_fails_beside_a_copy_is_passed_over_as_before(server: Environment, tmp_path: Path, dbname: str) -> None:
    body = "SELECT 1/0;\nCOPY public.good (a) FROM stdin;\nx\n\\.\nCREATE TABLE public.good ();"
    done = restored(server, dbname, dumps.read(hostile(tmp_path, body)))
    assert [error.sqlstate for error in done.errors] == ["22012", "42P07"]
    assert ask(server, dbname, "SELECT a FROM public.good") == [("x",)]
    assert ask(server, dbname, "SELECT to_regclass('public.after')") == [("after",)]
    assert not done.warnings


def test_an_old_psql_is_given_nothing_that_it_might_read_otherwise(
    server: Environment, tmp_path: Path, dbname: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(server), "psql", Psql(server.psql.path, 15, 3))
    odd = dumps.read(hostile(tmp_path, "SET standard_conforming_strings = off;"))
    with pytest.raises(CannotTell, match=r"line 9 changes standard_conforming_strings, and psql 15\.3") as refused:
        restored(server, dbname, odd)
    assert "pg_dump -Fc" in refused.value.hint
    plain = dumps.read(hostile(tmp_path, "COPY public.good (a) FROM stdin;\nx\n\\.\n"))
    assert restored(server, f"{dbname}_plain", plain).errors == ()
