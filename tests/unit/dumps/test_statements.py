"""What statements that pg_dump writes are about."""

from __future__ import annotations

import pytest

from simulator.dumps import statements
from simulator.dumps.statements import Relation


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("CREATE TABLE public.blog_tag (\n    id integer\n);", Relation("blog_tag", "public", "table")),
        ('CREATE UNLOGGED TABLE "Odd ""Schema"""."T" (', Relation("T", 'Odd "Schema"', "table")),
        ("CREATE UNIQUE INDEX tag_name ON public.blog_tag USING btree (name);", Relation("tag_name", None, "index")),
        ("CREATE MATERIALIZED VIEW app.totals AS", Relation("totals", "app", "view")),
        ("ALTER TABLE ONLY public.blog_tag\n    ADD CONSTRAINT x PRIMARY KEY (id);", Relation("blog_tag", "public")),
        ("COPY public.blog_tag (id, name) FROM stdin;", Relation("blog_tag", "public")),
        ("INSERT INTO blog_tag VALUES (1, 'secret');", Relation("blog_tag")),
        ("SELECT pg_catalog.setval('public.blog_tag_id_seq', 4, true);", Relation("blog_tag_id_seq", "public")),
        ("CREATE TRIGGER t BEFORE INSERT ON shop.orders FOR EACH ROW", Relation("orders", "shop")),
        ("CREATE TYPE public.mood AS ENUM ('good');", None),
        ("John\t12\tSELECT", None),
    ],
)
def test_relation(statement: str, expected: Relation | None) -> None:
    assert statements.relation(statement) == expected


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("ALTER TABLE public.t OWNER TO shop_app", ("shop_app",)),
        ('ALTER FUNCTION public.f(a integer) OWNER TO "Odd-Role"', ("Odd-Role",)),
        ("GRANT SELECT,INSERT ON TABLE public.t TO reporting", ("reporting",)),
        ('GRANT ALL ON SCHEMA public TO a, "B" WITH GRANT OPTION', ("a", "B")),
        ("REVOKE ALL ON TABLE public.t FROM shop_app", ("shop_app",)),
        ("GRANT USAGE ON SCHEMA public TO PUBLIC", ()),
        (
            "ALTER DEFAULT PRIVILEGES FOR ROLE maker IN SCHEMA public GRANT SELECT ON TABLES TO reader",
            ("maker", "reader"),
        ),
        ("CREATE POLICY p ON public.t FOR SELECT TO tenant USING ((a = 1))", ("tenant",)),
        ("ALTER ROLE shop_app IN DATABASE shop SET search_path TO 'app'", ("shop_app",)),
        ("SET SESSION AUTHORIZATION 'shop_app'", ("shop_app",)),
        ("CREATE TABLE grant_to (a text DEFAULT 'x TO y')", ()),
    ],
)
def test_roles(statement: str, expected: tuple[str, ...]) -> None:
    assert statements.roles(statement) == expected


def test_extension_tablespace_and_owner() -> None:
    assert statements.extension("CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public") == "citext"
    assert statements.extension("COMMENT ON EXTENSION \"uuid-ossp\" IS 'x'") == "uuid-ossp"
    assert statements.extension("CREATE TABLE t ()") is None
    assert statements.tablespace("SET default_tablespace = fast_ssd") == "fast_ssd"
    assert statements.tablespace("SET default_tablespace = ''") is None
    owned = statements.table_owner("ALTER TABLE public.django_migrations OWNER TO shop_app")
    assert owned == (Relation("django_migrations", "public"), "shop_app")


def test_a_setting_is_named_without_its_value() -> None:
    statement = "ALTER DATABASE shop SET app.token TO 's3cret'"
    assert statements.is_setting(statement)
    assert statements.setting_name(statement) == "app.token"
    assert not statements.is_setting("ALTER DATABASE shop OWNER TO postgres")
    assert not statements.is_setting("ALTER DATABASE shop SET TABLESPACE fast")
