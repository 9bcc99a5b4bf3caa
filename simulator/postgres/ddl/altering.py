"""What stands there into what is wanted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from simulator.model import Fact
from simulator.postgres import shape
from simulator.postgres.catalog import Catalog, key
from simulator.postgres.ddl.change import Change, together
from simulator.postgres.ddl.clearing import drop, rename
from simulator.postgres.ddl.making import (
    INTEGERS,
    column_text,
    create,
    identity,
    is_identity,
    made,
    numbering,
    type_text,
    views,
)
from simulator.postgres.ddl.names import qualified, quote
from simulator.postgres.definition import alike, normal
from simulator.postgres.shape import ANONYMOUS, article, has_relation_name, kind_word, match, not_yet_valid
from simulator.postgres.sql import literal

_FRACTIONS = ("numeric", "real", "double precision")
_STRINGS = ("text", "character varying", "character")
_DIGITS_OF_A_DOUBLE = 15  # that it keeps for certain (PostgreSQL manual, section 8.1.3)
_ZONED = " with time zone"
_TIMES = ("date", *(f"{kind} {zone} time zone" for kind in ("time", "timestamp") for zone in ("with", "without")))
LENGTH = re.compile(r"\(\d+(?:,\s*-?\d+)?\)")


def alter(standing: Catalog, wanted: Catalog, schema: str, relation: str) -> Change:
    """Bring a relation to hold all that is wanted of it; whatever it has too much stays, but what holds a wanted
    constraint's or index's name (or is another primary key) is dropped."""
    there = wanted.get("relation", schema, relation)
    if there is None:
        return Change()
    here = standing.get("relation", schema, relation)
    needed = Change(before=tuple(_needed(standing, wanted, schema, relation)))
    if here is None:
        return together([needed, create(wanted.of(schema, relation))])
    if here.definition[0] != there.definition[0]:
        return Change(impossible=(f"{relation} is {article(here.definition[0])}, not {article(there.definition[0])}",))
    own = Change() if alike(here, there) else _redefined(there)
    matched = match(wanted.of(schema, relation) - {there}, standing.of(schema, relation) - {here})
    return together(
        [needed, own, *(_brought(fact, matched.extra, matched.pairs, standing) for fact in matched.missing)]
    )


def _needed(standing: Catalog, wanted: Catalog, schema: str, relation: str) -> Iterator[str]:
    """The schema and the types that the relation's columns are of, where they are not there."""
    types = {LENGTH.sub("", fact.definition[0]).removesuffix("[]") for fact in wanted.of(schema, relation)}
    for fact in wanted:
        if standing.like(fact) is None and (fact.kind, fact.name) == ("schema", schema):
            yield f"CREATE SCHEMA {quote(schema)}"
        if standing.like(fact) is None and fact.kind == "type" and f"{fact.schema}.{fact.name}" in types:
            yield type_text(fact)


def _redefined(there: Fact) -> Change:
    """A view by dropping it, which fails where something depends on it."""
    kind, definition = there.definition
    if kind in ("view", "materialized view"):
        return together([Change(drops=(drop(there) or "",)), Change(views=tuple(views([there])))])
    if kind == "sequence":
        return Change(columns=(f"ALTER SEQUENCE {qualified(there.schema, there.relation)} {definition}",))
    return Change(impossible=(f"{there.relation} is {article(kind)} of another definition",))


def _brought(fact: Fact, extra: Sequence[Fact], pairs: Sequence[tuple[Fact, Fact]], standing: Catalog) -> Change:
    rival = next((other for other in extra if key(other) == key(fact)), None)
    if fact.kind == "column":
        return _added(fact) if rival is None else _altered(rival, fact)
    if fact.kind in ("trigger", "rule", "policy", "security"):
        drops = (statement,) if rival and (statement := drop(rival)) else ()
        return together([Change(drops=drops), made(fact, ())])
    unfinished = next((other for other in extra if not_yet_valid(fact, other)), None)
    if unfinished is not None and fact.kind == "constraint":
        table = qualified(fact.schema, fact.relation)
        return Change(constraints=(f"ALTER TABLE {table} VALIDATE CONSTRAINT {quote(unfinished.name)}",))
    index = next((other for other in extra if _serves(other, fact)), None)
    new = Change(constraints=(_of_index(fact, index),)) if index else made(fact, ())
    kept = [other for other in extra if other is not index]
    return together([_cleared(fact, unfinished, kept, pairs, standing), new])


def _serves(index: Fact, constraint: Fact) -> bool:
    """Whether a unique index that stands there can become the constraint (PostgreSQL manual, ALTER TABLE)."""
    columns = shape.unique_columns(index)
    return (
        (index.kind, constraint.kind) == ("index", "constraint")
        and columns is not None
        and columns == shape.unique_columns(constraint)
        and index.definition[-1] == "VALID"
        and " DESC" not in columns
    )


def _of_index(constraint: Fact, index: Fact) -> str:
    """No second index is built, and none is left over."""
    table = qualified(constraint.schema, constraint.relation)
    return f"ALTER TABLE {table} ADD CONSTRAINT {quote(constraint.name)} UNIQUE USING INDEX {quote(index.name)}"


def _added(column: Fact) -> Change:
    table = qualified(column.schema, column.relation)
    return Change(columns=(f"ALTER TABLE {table} ADD COLUMN {column_text(column)}", *numbering(column)))


def _cleared(
    fact: Fact,
    unfinished: Fact | None,
    extra: Sequence[Fact],
    pairs: Sequence[tuple[Fact, Fact]],
    standing: Catalog,
) -> Change:
    """Room for a constraint or an index: its name, and for a primary key its place."""
    in_the_way = [other for other in extra if other is unfinished or _takes_place(other, fact)]
    drops = [statement for other in in_the_way if (statement := drop(other))]
    for meant, other in pairs:  # it stands under a name that another one needs
        if _takes_place(other, fact):
            drops.append(rename(other, meant.name))
    impossible = [
        f"{fact.name} is {article(kind_word(other))} on {other.relation}"
        for other in standing
        if has_relation_name(fact, fact.name)
        and has_relation_name(other, fact.name)
        and other.schema == fact.schema
        and other.relation != fact.relation
    ]
    return Change(drops=tuple(drops), impossible=tuple(impossible))


def _takes_place(other: Fact, fact: Fact) -> bool:
    if other.kind not in ANONYMOUS:
        return False
    both_keys = other.definition[0] == fact.definition[0] == "primary key"
    return both_keys or (
        other.name == fact.name
        and (other.kind == fact.kind or (has_relation_name(other, fact.name) and has_relation_name(fact, fact.name)))
    )


def _altered(here: Fact, there: Fact) -> Change:
    """One column. Numbering and a default are taken away before its type changes, and given after it."""
    (kind, null, default, auto, generated, collation) = normal(here)
    (kind_, null_, default_, auto_, generated_, collation_) = normal(there)
    if generated != generated_:
        return Change(impossible=(f"column {there.name} is {'' if generated_ else 'not '}generated",))
    if kind != kind_ and _cuts(here.definition[0], there.definition[0]):
        change = f"{here.definition[0]} to {there.definition[0]}"
        return Change(impossible=(f"column {there.name}: from {change} values would be changed",))
    retyped = (kind, collation) != (kind_, collation_)
    actions: list[str] = []
    if auto and not auto_:
        actions += ["DROP IDENTITY IF EXISTS", "DROP DEFAULT"]
    if default and (default != default_ or retyped):
        actions.append("DROP DEFAULT")
    if retyped:
        actions.append(_retyped(here, there))
    if null != null_:
        actions.append("SET NOT NULL" if null_ == "NOT NULL" else "DROP NOT NULL")
    if default_ and (default != default_ or retyped):
        actions.append(f"SET DEFAULT {there.definition[2]}")
    if auto and auto_ and auto != auto_:
        actions.append("SET GENERATED ALWAYS" if auto_ == "always" else "SET GENERATED BY DEFAULT")
    if auto_ and not auto and is_identity(there):
        actions.append(f"ADD {identity(there)}")
    table, column = qualified(there.schema, there.relation), quote(there.name)
    statements = [f"ALTER TABLE {table} ALTER COLUMN {column} {action}" for action in actions]
    if auto_ and not auto:
        statements += [*numbering(there), _counted_on(there)]
    return Change(columns=tuple(statements))


def _retyped(here: Fact, there: Fact) -> str:
    """Without USING where the server assigns values by itself: it then knows that a longer varchar needs no rewrite.

    An explicit cast to varchar(n) would cut without a word: the cast goes to the type without its length, and the
    length is then assigned, which fails where a value does not fit.
    """
    kind, collation = there.definition[0], there.definition[5]
    collate = f" COLLATE {collation}" if collation else ""
    if _assigns(here.definition[0], kind):
        return f"TYPE {kind}{collate}"
    return f"TYPE {kind}{collate} USING {quote(there.name)}::{LENGTH.sub('', kind)}"


def _assigns(old: str, new: str) -> bool:
    """Whether there is an assignment cast (PostgreSQL manual, CREATE CAST; all types have one to those of strings)."""
    if old.endswith("[]") or new.endswith("[]"):
        both = old.endswith("[]") and new.endswith("[]")
        return both and _assigns(old.removesuffix("[]"), new.removesuffix("[]"))
    was, becomes = LENGTH.sub("", old), LENGTH.sub("", new)
    families = (_FRACTIONS + INTEGERS, _TIMES, ("json", "jsonb"))
    return was == becomes or becomes in _STRINGS or any(was in one and becomes in one for one in families)


def _cuts(old: str, new: str) -> bool:
    """Whether assigning the one type's values to the other changes some without an error.

    Between times with and without a zone it is the session's that counts. (jsonb keeps the last of equal keys, and so
    does whoever reads json in Python.)
    """
    was, becomes = LENGTH.sub("", old), LENGTH.sub("", new)
    if was in _FRACTIONS and becomes in _FRACTIONS:
        if becomes == "double precision":
            return was == "numeric" and _digits(old) > _DIGITS_OF_A_DOUBLE
        return becomes == "real" or (becomes == "numeric" and _scale(new) < (_scale(old) if was == "numeric" else 99))
    return (
        (was in _FRACTIONS and becomes in INTEGERS)
        or (was in INTEGERS and becomes in ("boolean", "real"))
        or (was, becomes) == ("bigint", "double precision")
        or (was in _TIMES and becomes in _TIMES and was.endswith(_ZONED) != becomes.endswith(_ZONED))
        or (was.startswith("timestamp") and (becomes == "date" or becomes.startswith("time ")))
        or (was.startswith("time") and becomes.startswith("time") and _scale(new, 6) < _scale(old, 6))
    )


def _scale(kind: str, without: int = 99) -> int:
    """Digits after the point of a numeric (``without`` a length: any number), of the second for a time."""
    numbers = re.findall(r"\d+", kind)
    if not numbers:
        return without
    return int(numbers[-1]) if len(numbers) > 1 or kind.startswith("time") else 0


def _digits(kind: str) -> int:
    """Of a numeric, before the point and after it; one without a length may have any number."""
    numbers = re.findall(r"\d+", kind)
    return int(numbers[0]) if numbers else 1000


def _counted_on(column: Fact) -> str:
    """Have the column's numbering go on after its greatest value."""
    table, name = qualified(column.schema, column.relation), quote(column.name)
    last = f"SELECT greatest(max({name}), 0) + 1 FROM {table}"
    return f"SELECT setval(pg_get_serial_sequence({literal(table)}, {literal(column.name)}), ({last}), false)"
