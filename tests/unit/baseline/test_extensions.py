"""Which extensions of a dump a restore goes on without, and when that leaves a verdict in doubt."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.baseline.extensions import doubt, lacking, left_out, schemas
from simulator.model import Dump, Failure, Phase

DUMP = Dump(Path("prod.dump"), "custom", extensions=("plpgsql", "citext", "pg_cron", "pg_stat_statements", "postgis"))
HERE = ("plpgsql", "citext", "pg_stat_statements")


def test_what_the_server_has_is_made_and_what_only_watches_it_is_left_out() -> None:
    without = left_out(DUMP, (), HERE)
    assert without == ("pg_cron",)
    assert lacking(DUMP, without, HERE) == ("postgis",)


def test_the_scenario_leaves_out_what_it_names_even_where_the_server_has_it() -> None:
    without = left_out(DUMP, ("postgis", "citext", "hstore"), HERE)
    assert without == ("citext", "pg_cron", "postgis")
    assert lacking(DUMP, without, HERE) == ()


def test_what_stands_in_its_schemas_goes_with_one_that_the_scenario_leaves_out() -> None:
    assert schemas(("postgis_tiger_geocoder", "postgis", "pg_net")) == {"tiger", "tiger_data", "net"}


def _failure(sqlstate: str, sql: str, message: str = "") -> Failure:
    return Failure(exception="ProgrammingError", message=message, phase=Phase.OPERATION, sqlstate=sqlstate, sql=sql)


@pytest.mark.parametrize(
    ("failure", "without"),
    [
        (_failure("3F000", "SELECT cron.schedule('…')"), "pg_cron"),
        (_failure("42P01", "SELECT * FROM pg_stat_statements"), "pg_stat_statements"),
        (_failure("42883", "SELECT hypopg_create_index('…')"), "hypopg"),
        (_failure("42883", "SELECT anything()"), "pageinspect"),
        (_failure("42704", 'ALTER TABLE "t" ADD COLUMN "place" geometry(POINT,4326)'), "postgis"),
    ],
)
def test_what_may_be_missing_with_it_is_in_doubt(failure: Failure, without: str) -> None:
    assert without in str(doubt(failure, (without,)))
    assert doubt(failure, ()) is None


@pytest.mark.parametrize(
    ("failure", "without"),
    [
        (_failure("42P01", "SELECT * FROM shop_order"), "pg_stat_statements"),
        (_failure("42P07", "CREATE TABLE cron.job ()"), "pg_cron"),
        (_failure("42704", "ALTER TABLE t DROP CONSTRAINT c"), "pg_cron"),
        (_failure("42704", "DROP INDEX i"), "postgis"),
        (_failure("3F000", "CREATE TABLE app.t ()"), "pg_cron"),
    ],
)
def test_what_has_nothing_to_do_with_it_is_not(failure: Failure, without: str) -> None:
    assert doubt(failure, (without,)) is None
