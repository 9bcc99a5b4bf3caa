"""Catalog facts in a word each, for tests of what is pure."""

from __future__ import annotations

from simulator.model import Delta, Fact
from simulator.postgres.catalog import Catalog


def table(name: str, kind: str = "table", schema: str = "public") -> Fact:
    return Fact("relation", schema, name, "", (kind, ""))


def column(relation: str, name: str, type_: str = "text", null: str = "NULL", default: str = "") -> Fact:
    return Fact("column", "public", relation, name, (type_, null, default, "", "", ""))


def index(relation: str, name: str, on: str, valid: str = "VALID") -> Fact:
    return Fact("index", "public", relation, name, (f"CREATE INDEX ON public.{relation} USING btree ({on})", valid))


def unique(relation: str, name: str, on: str) -> Fact:
    return Fact("constraint", "public", relation, name, ("unique", f"UNIQUE ({on})", "VALID"))


def catalog(*facts: Fact) -> Catalog:
    return Catalog(frozenset(facts))


def delta(migration: str | None, *added: Fact, removed: tuple[Fact, ...] = ()) -> Delta:
    return Delta(migration, frozenset(added), frozenset(removed))
