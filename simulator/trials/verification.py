"""Whether a mended database is what the code builds from nothing, and keeps what stood there.

A database that has aged differs in ways that no pending migration touches. So what counts is what the pending
migrations would have made, and before against after; the rest was there already and is told apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from simulator.model import Fact
from simulator.postgres import shape
from simulator.postgres.catalog import Catalog, key
from simulator.postgres.ddl import ASIDE

HISTORY = "django_migrations"
# What belongs to a relation.
_PARTS = ("column", "constraint", "index", "trigger", "rule", "policy", "security")
# What stands before a dot in a text: schemas, and tables before their columns.
_QUALIFIER = re.compile(r"\b\w+\.(?=\w)")


@dataclass(frozen=True)
class Verified:
    """Short texts; all empty but ``before`` and ``rows_dropped`` is a fix that works."""

    missing: tuple[str, ...] = ()  # that the code would have built, or that stood there before; or should be gone
    added: tuple[str, ...] = ()  # that neither the code builds nor stood there
    removed: tuple[str, ...] = ()  # that stood there, and no pending migration removes
    rows_lost: Mapping[str, int] = field(default_factory=dict)  # "schema.table" -> how many
    invalid: tuple[str, ...] = ()  # indexes and constraints that are not finished
    unsafe: tuple[str, ...] = ()  # columns on which the code's inserts fail
    before: tuple[str, ...] = ()  # was missing already, and nothing that is pending makes it
    rows_dropped: Mapping[str, int] = field(default_factory=dict)  # of tables that pending migrations drop themselves


def judge(
    before: Catalog,
    after: Catalog,
    reference: Catalog,
    pending: frozenset[Fact],
    rows_before: Mapping[str, int],
    rows_after: Mapping[str, int],
    *,
    dropped: frozenset[Fact] = frozenset(),
    by_code: frozenset[Fact] = frozenset(),
    aside: str = ASIDE,
) -> Verified:
    """Before a fix against after it and the project's migrate.

    ``pending`` and ``dropped`` are what the pending migrations add to the reference and remove from it; ``by_code`` is
    what they remove from this very database, though from nothing there is none of it. Rows are by
    "schema.table" as it was before, wherever the table is now. What was moved to the schema ``aside`` is neither added
    nor removed.
    """
    own = Catalog(frozenset(_as_before(fact, before, aside) for fact in after if fact.schema != aside))
    made = _Touched(pending)
    taken = _Touched(fact for fact in dropped if reference.like(fact) is None)
    lacking = shape.missing(reference, own)
    ours = {fact for fact in lacking if fact in made} | (lacking - shape.missing(reference, before))
    code = _Touched(by_code)
    gone = [
        fact for fact in before if _is_gone(fact, own, after, aside) and not (taken.takes(fact) or code.takes(fact))
    ]
    extra = (fact for fact in shape.extra(reference, own) if reference.like(fact) is None)
    left = [fact for fact in extra if fact in taken or taken.refuses_like(fact)]
    lost, through_code = _rows(rows_before, rows_after, taken)
    return Verified(
        missing=(*_lacks(ours, own), *(f"{_whose(fact)} is still there" for fact in _heads(left))),
        added=tuple(_new(fact, before) for fact in _heads(_surplus(own, before, reference, ours))),
        removed=tuple(f"{_whose(fact)} is gone" for fact in _heads(gone)),
        rows_lost=lost,
        invalid=tuple(
            f"{_whose(_finished(fact))} is {fact.definition[-1]}" for fact in _unfinished(own, before, reference)
        ),
        unsafe=tuple(
            f"{_whose(fact)} is NOT NULL without a default: the code's inserts fail"
            for fact in _refusing(own, reference, made)
        ),
        before=_lacks(lacking - ours, own),
        rows_dropped=through_code,
    )


def _as_before(fact: Fact, before: Catalog, aside: str) -> Fact:
    """A view that reads from what was moved aside still reads the same rows.

    Not so a foreign key, or a column of a type that was moved: others may ask for that by its name.
    """
    standing = before.like(fact)
    if fact.kind != "relation" or standing is None or aside not in fact.definition[-1]:
        return fact
    here, there = (_QUALIFIER.sub("", each.definition[-1]) for each in (fact, standing))
    return standing if here == there else fact


class _Touched:
    """What some migrations make or remove: each thing, and all that belongs to their tables."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        known = list(facts)
        self.relations = {(fact.schema, fact.relation) for fact in known if fact.kind == "relation"}
        self._keys = {key(fact) for fact in known}
        self._columns = {(fact.schema, fact.relation, fact.name) for fact in known if fact.kind == "column"}
        self._unique = {
            (fact.schema, fact.relation, columns) for fact in known if (columns := shape.unique_columns(fact))
        }
        # Names of constraints and indexes differ from one database to the next.
        self._alike = {bucket for bucket in shape.buckets(known) if bucket[0] in shape.ANONYMOUS}

    def __contains__(self, fact: Fact) -> bool:
        part = fact.kind in _PARTS and (fact.schema, fact.relation) in self.relations
        return part or key(fact) in self._keys or not self._alike.isdisjoint(shape.buckets([fact]))

    def refuses_like(self, fact: Fact) -> bool:
        """Whether it keeps the same rows unique, of whatever kind it is: an index where a constraint was removed."""
        return (fact.schema, fact.relation, shape.unique_columns(fact)) in self._unique

    def takes(self, fact: Fact) -> bool:
        """Whether it goes with what is removed: an index of nobody's on a column goes with the column."""
        words = re.findall(r"\w+", " ".join(fact.definition)) if fact.kind in shape.ANONYMOUS else []
        with_column = any((fact.schema, fact.relation, word) in self._columns for word in words)
        return fact in self or with_column or self.refuses_like(fact)


# --- the schema ----------------------------------------------------------------------------------


def _lacks(lacking: Iterable[Fact], standing: Catalog) -> tuple[str, ...]:
    """Of a relation that is not there at all, nothing more is said."""
    return tuple(text for fact in _heads(lacking) for text in _lack(fact, standing))


def _lack(fact: Fact, standing: Catalog) -> list[str]:
    other = standing.like(fact)
    if other is None:
        return [f"{fact.relation} lacks {_what(fact)}" if fact.kind in _PARTS else f"there is no {_what(fact)}"]
    if fact.kind == "column":
        both = zip(shape.column_parts(other), shape.column_parts(fact), strict=True)
        differing = [f"{_whose(fact)} is {here}, not {there}" for here, there in both if here != there]
        return differing or [f"{_whose(fact)} is defined otherwise"]
    here, there = shape.article(shape.kind_word(other)), shape.article(shape.kind_word(fact))
    if here != there:
        return [f"{fact.name or fact.relation} is {here}, not {there}"]
    if shape.not_yet_valid(fact, other):
        return [f"{_whose(fact)} is {other.definition[-1]}"]
    if fact.kind in shape.ANONYMOUS:
        return [f"{fact.relation} lacks {_what(fact)}"]
    return [f"{_whose(fact)} is defined otherwise"]


def _surplus(after: Catalog, before: Catalog, reference: Catalog, ours: Iterable[Fact]) -> Iterator[Fact]:
    """What there is more of than before and than in the reference. What is said to be missing is not said twice."""
    stood, wanted, said = shape.buckets(before), shape.buckets(reference), {key(fact) for fact in ours}
    for bucket, facts in shape.buckets(after).items():
        allowed = max(stood.get(bucket, []), wanted.get(bucket, []), key=len)
        names = {fact.name for fact in allowed}
        new = sorted(facts, key=lambda fact: (fact.name not in names, fact))[len(allowed) :]
        yield from (fact for fact in new if key(fact) not in said)


def _new(fact: Fact, before: Catalog) -> str:
    return f"{_whose(fact)} was {'added' if before.like(fact) is None else 'changed'}"


def _is_gone(fact: Fact, own: Catalog, after: Catalog, aside: str) -> bool:
    """Whether nothing stands for it any more: not the same by another name, nothing else by its name, not set aside."""
    if own.like(fact) is not None or "INVALID" in fact.definition:
        return False
    if fact.kind in shape.ANONYMOUS and (shape.same_thing_elsewhere(fact, own) or _is_kept_otherwise(fact, own)):
        return False
    return after.like(fact._replace(schema=aside)) is None


def _is_kept_otherwise(fact: Fact, own: Catalog) -> bool:
    """Whether a unique index has become a constraint, or the other way round."""
    columns = shape.unique_columns(fact)
    return columns is not None and any(
        shape.unique_columns(other) == columns for other in own.of(fact.schema, fact.relation)
    )


def _unfinished(after: Catalog, before: Catalog, reference: Catalog) -> Iterator[Fact]:
    for fact in after:
        late = fact.kind in shape.ANONYMOUS and fact.definition[-1] != "VALID"
        known = (catalog.like(fact) for catalog in (before, reference))
        if late and not any(other is not None and other.definition[-1] != "VALID" for other in known):
            yield fact


def _finished(fact: Fact) -> Fact:
    return fact._replace(definition=(*fact.definition[:-1], "VALID"))


def _refusing(after: Catalog, reference: Catalog, made: _Touched) -> Iterator[Fact]:
    """In tables that the pending migrations make: a column that the code does not know and must fill."""
    for fact in after:
        unknown = fact.kind == "column" and reference.like(fact) is None
        if unknown and (fact.schema, fact.relation) in made.relations and shape.refuses_inserts(fact):
            yield fact


# --- rows ----------------------------------------------------------------------------------------


def _rows(
    before: Mapping[str, int], after: Mapping[str, int], taken: _Touched
) -> tuple[dict[str, int], dict[str, int]]:
    """Rows fewer than before: lost by the fix, and dropped by the pending migrations themselves."""
    own = {".".join(place) for place in taken.relations}
    fewer = {
        table: count - after.get(table, 0)
        for table, count in sorted(before.items())
        if after.get(table, 0) < count and table.partition(".")[2] != HISTORY
    }
    lost = {table: count for table, count in fewer.items() if table not in own}
    return lost, {table: count for table, count in fewer.items() if table in own}


# --- words ---------------------------------------------------------------------------------------


def named(facts: Iterable[Fact]) -> tuple[str, ...]:
    """Each in words with the relation that it belongs to; what belongs to one of them is not named apart."""
    return tuple(_whose(fact) for fact in _heads(facts))


def _heads(facts: Iterable[Fact]) -> list[Fact]:
    """Without what belongs to a relation that is among them."""
    known = sorted(facts)
    whole = {(fact.schema, fact.relation) for fact in known if fact.kind == "relation"}
    parts = [fact for fact in known if fact.kind not in _PARTS or (fact.schema, fact.relation) not in whole]
    return sorted(parts, key=lambda fact: (fact.kind not in ("relation", "column"), fact.relation, fact))


def _what(fact: Fact) -> str:
    """It, without the relation that it belongs to."""
    if fact.kind == "constraint":
        return shape.brief(fact)
    if fact.kind == "index":
        return f"index {shape.brief(fact)}"
    return f"{shape.kind_word(fact)} {fact.name or fact.relation}"


def _whose(fact: Fact) -> str:
    """It, with the relation that it belongs to."""
    if fact.kind == "column":
        return f"{fact.relation}.{fact.name}"
    return f"{_what(fact)} on {fact.relation}" if fact.kind in _PARTS else _what(fact)
