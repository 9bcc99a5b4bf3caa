"""Sealing, cloning and dropping real databases."""

from __future__ import annotations

import psycopg
import pytest

from simulator.engines.base import Environment
from simulator.engines.plan import SUPERUSER
from simulator.errors import EngineDied
from simulator.postgres import database


@pytest.fixture
def baseline(server: Environment, dbname: str) -> str:
    """A sealed database of another owner, with settings and a row."""
    with database.connect(server.address("postgres", SUPERUSER)) as admin:
        database.create_role(admin, "owner of it", login=True)
        database.create_database(admin, dbname, "owner of it")
        for setting in ("search_path TO app, public", "log_statement TO none", "app.odd TO 'a, \"b\" ''c'''"):
            admin.execute(f"ALTER DATABASE {dbname} SET {setting}".encode())
        admin.execute(f"""ALTER ROLE "owner of it" IN DATABASE {dbname} SET work_mem TO '7MB'""".encode())
        with database.connect(server.address(dbname, SUPERUSER)) as connection:
            connection.execute("CREATE SCHEMA app; CREATE TABLE app.t AS SELECT 1 AS id")
        database.seal(admin, dbname)
    return dbname


def test_a_sealed_database_takes_no_connection(server: Environment, baseline: str) -> None:
    with pytest.raises(EngineDied, match=baseline), database.connect(server.address(baseline, SUPERUSER)):
        pass


def test_clones_are_private_and_like_the_original(server: Environment, baseline: str) -> None:
    with database.connect(server.address("postgres", SUPERUSER)) as admin:
        for copy in ("copy_a", "copy_b"):
            database.clone(admin, baseline, copy)
        with database.connect(server.address("copy_a", "owner of it")) as connection:
            shown = [
                connection.execute(f"SHOW {name}".encode()).fetchone()
                for name in ("search_path", "app.odd", "work_mem")
            ]
            assert shown == [("app, public",), ("a, \"b\" 'c'",), ("7MB",)]
            owner = connection.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'copy_a'")
            assert owner.fetchone() == ("owner of it",)
        with database.connect(server.address("copy_a", SUPERUSER)) as connection:
            connection.execute("DROP TABLE app.t")
        with database.connect(server.address("copy_b", SUPERUSER)) as connection:
            assert database.count_relations(connection) == 1
        for copy in ("copy_a", "copy_b", baseline):
            database.drop(admin, copy)
        left = admin.execute("SELECT datname FROM pg_database WHERE datname ~ '^copy_' OR datname = %s", (baseline,))
        assert left.fetchall() == []
        settings = admin.execute(
            """SELECT count(*) FROM pg_db_role_setting
               WHERE setdatabase <> 0 AND setdatabase NOT IN (SELECT oid FROM pg_database)"""
        )
        assert settings.fetchone() == (0,)


def test_a_clone_ends_the_sessions_in_its_source_and_a_drop_those_in_its_target(
    server: Environment, dbname: str
) -> None:
    with database.connect(server.address("postgres", SUPERUSER)) as admin:
        database.create_database(admin, dbname, SUPERUSER)
        address = server.address(dbname, SUPERUSER)
        idle = psycopg.connect(host=address.host, port=address.port, dbname=dbname, user=SUPERUSER)
        database.clone(admin, dbname, f"{dbname}_copy")
        with pytest.raises(psycopg.OperationalError):
            idle.execute("SELECT 1")
        idle.close()
        busy = psycopg.connect(host=address.host, port=address.port, dbname=f"{dbname}_copy", user=SUPERUSER)
        database.drop(admin, f"{dbname}_copy")
        database.drop(admin, f"{dbname}_copy")
        busy.close()


def test_relations_of_an_extension_are_not_the_databases_own(server: Environment, dbname: str) -> None:
    with database.connect(server.address("postgres", SUPERUSER)) as admin:
        database.create_database(admin, dbname, SUPERUSER)
    with database.connect(server.address(dbname, SUPERUSER)) as connection:
        assert database.count_relations(connection) == 0
        assert {"pg_stat_statements", "plpgsql"} <= database.available_extensions(connection)
        connection.execute("CREATE EXTENSION pg_stat_statements")  # two views
        assert database.count_relations(connection) == 0
        connection.execute("CREATE VIEW mine AS SELECT 1 AS one")
        assert database.count_relations(connection) == 1
        assert database.owner_of(connection, "mine") == SUPERUSER
        assert database.owner_of(connection, "yours") is None


def test_nothing_answers(server: Environment) -> None:
    address = server.address("nowhere", SUPERUSER)
    with pytest.raises(EngineDied, match="does not answer for nowhere"):
        database.wait(address, 0.1)
    database.wait(server.address("postgres", SUPERUSER), 10)
