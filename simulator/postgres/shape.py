"""Compares what stands in one catalog with what is wanted there: same, more, different, another kind.

What never matters is no difference: names of constraints and indexes whose definitions agree, the
order of columns, a serial where an identity is wanted, owners, and texts that a dump has changed (``definition``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from simulator.model import Fact, Shape
from simulator.postgres.catalog import Catalog, key
from simulator.postgres.definition import alike, normal

# Their names are nobody's business but their own; everything else is asked for by name.
ANONYMOUS = ("constraint", "index")
_INDEX_BACKED = ("primary key", "unique", "exclusion")
_SHORT = {
    "character varying": "varchar",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
    "time without time zone": "time",
}
_UNIQUE = re.compile(r"(?:UNIQUE|CREATE UNIQUE INDEX ON \S+ USING btree) \((?P<columns>[^()]+)\)")
Bucket = tuple[object, ...]


class Comparison(NamedTuple):
    """``differences`` are short texts, the wanted first, then what is too much; ``benign`` ones never matter."""

    shape: Shape
    differences: tuple[str, ...] = ()
    benign: tuple[str, ...] = ()


class Matched(NamedTuple):
    """Which wanted fact is met by which standing one, and what is left on either side."""

    pairs: tuple[tuple[Fact, Fact], ...]  # (wanted, standing)
    missing: tuple[Fact, ...]
    extra: tuple[Fact, ...]


def compare(standing: Catalog, wanted: Catalog, schema: str, relation: str) -> Comparison:
    """A whole relation with all that belongs to it."""
    here, there = standing.get("relation", schema, relation), wanted.get("relation", schema, relation)
    if there is None:
        return Comparison(Shape.OTHER_KIND, (f"the migration makes no relation {relation}",))
    if here is None or here.definition[0] != there.definition[0] or not alike(here, there):
        return compare_one(here, there)
    matched = match(_parts(wanted, schema, relation), _parts(standing, schema, relation))
    differences, extra = [], list(matched.extra)
    for fact in matched.missing:
        rival = next((other for other in extra if key(other) == key(fact)), None)
        rival = rival or next((other for other in extra if not_yet_valid(fact, other)), None)
        if rival is not None:
            extra.remove(rival)
        differences += [f"{_called(fact)}: {text}" for text in _between(rival, fact)]
    shape = Shape.DIFFERS if differences else Shape.SUPERSET if extra else Shape.SAME
    differences += [f"extra {_unasked(fact)}" for fact in extra]
    return Comparison(shape, tuple(differences), tuple(_benign(matched.pairs)))


def compare_one(standing: Fact | None, wanted: Fact) -> Comparison:
    """One thing by itself. Of a relation only its kind, and what a view or a sequence is defined as."""
    if standing is None:
        return Comparison(Shape.DIFFERS, ("missing",))
    if kind_word(standing) != kind_word(wanted) and not standing.kind == wanted.kind == "constraint":
        return Comparison(
            Shape.OTHER_KIND, (f"{article(kind_word(standing))}, the migration makes {article(kind_word(wanted))}",)
        )
    if standing.kind in ANONYMOUS and (standing.schema, standing.relation) != (wanted.schema, wanted.relation):
        return Comparison(Shape.OTHER_KIND, (f"on {standing.relation}, the migration makes it on {wanted.relation}",))
    if alike(standing, wanted):
        return Comparison(Shape.SAME, (), tuple(_benign([(wanted, standing)])))
    if wanted.kind == "type" and _has_more_labels(standing, wanted):
        return Comparison(
            Shape.SUPERSET,
            tuple(f"extra label {text}" for text in standing.definition if text not in wanted.definition),
        )
    return Comparison(Shape.DIFFERS, tuple(_between(standing, wanted)))


def unique_columns(fact: Fact) -> str | None:
    """Which columns have to be unique by it, in SQL: of a plain unique constraint or index; None for all else."""
    text = {"constraint": fact.definition[1:2], "index": fact.definition[:1]}.get(fact.kind, ())
    found = _UNIQUE.fullmatch(text[0]) if text else None
    return found["columns"] if found else None


def same_thing_elsewhere(fact: Fact, catalog: Catalog) -> Fact | None:
    """A constraint or an index of the same definition on the same relation, under another name."""
    if fact.kind not in ANONYMOUS:
        return None
    others = sorted(catalog.of(fact.schema, fact.relation))
    return next((other for other in others if other.name != fact.name and alike(fact, other)), None)


def missing(wanted: Iterable[Fact], standing: Iterable[Fact]) -> frozenset[Fact]:
    """What ``standing`` lacks of the wanted: not there, or defined otherwise. Two equal indexes are two things."""
    return frozenset(match(wanted, standing).missing)


def extra(wanted: Iterable[Fact], standing: Iterable[Fact]) -> frozenset[Fact]:
    """What stands there and is not wanted, or is wanted otherwise."""
    return frozenset(match(wanted, standing).extra)


def match(wanted: Iterable[Fact], standing: Iterable[Fact]) -> Matched:
    """Those of one definition are paired by name first, then in order."""
    pairs: list[tuple[Fact, Fact]] = []
    lacking: list[Fact] = []
    left = buckets(standing)
    for bucket, facts in buckets(wanted).items():
        others = left.pop(bucket, [])
        named = {fact.name: fact for fact in others}
        both = [(fact, named[fact.name]) for fact in facts if fact.name in named]
        rest = [fact for fact in facts if fact.name not in named]
        free = [other for other in others if other not in {standing for _wanted, standing in both}]
        pairs += [*both, *zip(rest, free, strict=False)]
        lacking += rest[len(free) :]
        left[bucket] = free[len(rest) :]
    return Matched(
        tuple(pairs), tuple(sorted(lacking)), tuple(sorted(fact for facts in left.values() for fact in facts))
    )


def buckets(facts: Iterable[Fact]) -> dict[Bucket, list[Fact]]:
    """Facts that stand for each other, in order."""
    found: dict[Bucket, list[Fact]] = {}
    for fact in sorted(facts):
        name = "" if fact.kind in ANONYMOUS else fact.name
        found.setdefault((fact.kind, fact.schema, fact.relation, name, normal(fact)), []).append(fact)
    return found


def has_relation_name(fact: Fact, name: str) -> bool:
    """Tables, views, sequences and indexes share one space of names; a unique constraint's index has its name."""
    in_space = fact.kind in ("relation", "index") or (fact.kind == "constraint" and fact.definition[0] in _INDEX_BACKED)
    return in_space and (fact.name or fact.relation) == name


def refuses_inserts(column: Fact) -> bool:
    """Whether a row can't be inserted by a model that does not know this column."""
    _type, null, default, auto, generated, _collation = column.definition
    return null == "NOT NULL" and not (default or auto or generated)


def not_yet_valid(wanted: Fact, standing: Fact) -> bool:
    """Whether it is the very constraint or index, only NOT VALID or INVALID."""
    if wanted.kind not in ANONYMOUS or wanted.kind != standing.kind or standing.definition[-1] == "VALID":
        return False
    return alike(wanted, standing._replace(definition=(*standing.definition[:-1], "VALID")))


# --- words ---------------------------------------------------------------------------------------


def kind_word(fact: Fact) -> str:
    """table, view, column, unique constraint, index, enum, domain ..."""
    if fact.kind == "constraint":
        return fact.definition[0] if fact.definition[0] == "primary key" else f"{fact.definition[0]} constraint"
    return fact.definition[0] if fact.kind in ("relation", "type", "function") else fact.kind


def article(word: str) -> str:
    return f"{'an' if word[0] in 'aeio' else 'a'} {word}"


def brief(fact: Fact) -> str:
    """The definition in a few words."""
    if fact.kind == "column":
        return _type(fact.definition[0])
    if fact.kind in ANONYMOUS:
        unique = "unique " if fact.definition[0].startswith("CREATE UNIQUE") else ""
        text = fact.definition[1] if fact.kind == "constraint" else unique + fact.definition[0].partition(" USING ")[2]
        return _bare(text) + (f", {fact.definition[-1]}" if fact.definition[-1] != "VALID" else "")
    return _bare(", ".join(fact.definition[1:]))


def column_parts(column: Fact) -> tuple[str, ...]:
    """What a column is, part by part, in words."""
    kind, null, default, auto, generated, collation = column.definition
    return (
        _type(kind),
        "NOT NULL" if null == "NOT NULL" else "NULL allowed",
        f"default {_bare(default)}" if default else "no default",
        {"": "not numbered", "auto": "numbers itself"}.get(auto, "always numbers itself"),
        f"generated as {_bare(generated)}" if generated else "not generated",
        f"collation {collation}" if collation else "the type's collation",
    )


def _parts(catalog: Catalog, schema: str, relation: str) -> list[Fact]:
    return [fact for fact in catalog.of(schema, relation) if fact.kind != "relation"]


def _between(standing: Fact | None, wanted: Fact) -> list[str]:
    """What differs, without saying of what."""
    if standing is None:
        return ["missing"]
    if wanted.kind == "column":
        both = zip(normal(standing), normal(wanted), column_parts(standing), column_parts(wanted), strict=True)
        return [f"{here}, the migration makes {there}" for one, other, here, there in both if one != other]
    if not_yet_valid(wanted, standing):
        return [standing.definition[-1]]
    if wanted.kind in ("function", "trigger", "rule", "policy") or kind_word(wanted) in ("view", "materialized view"):
        return ["defined otherwise"]
    return [f"{brief(standing)}, the migration makes {brief(wanted)}"]


def _called(fact: Fact) -> str:
    """What is wanted: by name, or by definition where it has no name to be asked for by."""
    return f"{fact.kind} {brief(fact) if fact.kind in ANONYMOUS else fact.name}"


def _unasked(fact: Fact) -> str:
    if fact.kind == "column" and refuses_inserts(fact):
        return f"column {fact.name}: NOT NULL without a default"
    return f"{fact.kind} {brief(fact) if fact.kind in ANONYMOUS else fact.name}"


def _benign(pairs: Iterable[tuple[Fact, Fact]]) -> list[str]:
    found = []
    for wanted, standing in sorted(pairs):
        if wanted.name != standing.name:
            found.append(f"{wanted.kind} {brief(wanted)} is named {standing.name}, not {wanted.name}")
        elif wanted.definition != standing.definition:
            found.append(f"{wanted.kind} {wanted.name or wanted.relation} is written another way")
    return found


def _has_more_labels(standing: Fact, wanted: Fact) -> bool:
    """An enum with every wanted label in the wanted order, and others."""
    labels = [text for text in standing.definition if text in wanted.definition]
    return standing.definition[0] == "enum" and labels == list(wanted.definition)


def _type(text: str) -> str:
    for long, short in _SHORT.items():
        text = text.replace(long, short)
    return _bare(text)


def _bare(text: str) -> str:
    return re.sub(r"\bpublic\.", "", text)
