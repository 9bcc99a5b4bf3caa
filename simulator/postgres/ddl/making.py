"""What a catalog says, made from nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from simulator.model import Fact
from simulator.postgres.ddl.change import Change, together
from simulator.postgres.ddl.names import OTHERS, RELATIONS, qualified, quote
from simulator.postgres.shape import article
from simulator.postgres.sql import literal

INTEGERS = ("smallint", "integer", "bigint")
_FIRST = ("schema", "extension", "collation", "type")
# What ``IN ('a', 'b')`` over a varchar is printed as; read again, the cast would go to each of its strings.
_CAST_LIST = re.compile(r"\((ARRAY\[(?:'(?:[^']|'')*'::character varying(?:, )?)+\])\)::text\[\]")


def create(facts: Iterable[Fact]) -> Change:
    """All of these, in a database that has none of them."""
    known = sorted(facts, key=lambda fact: (_FIRST.index(fact.kind) if fact.kind in _FIRST else len(_FIRST), fact))
    return together([*(made(fact, known) for fact in known), Change(views=tuple(views(known)))])


def made(fact: Fact, known: Sequence[Fact]) -> Change:
    """One of them. A table is made with its columns, which ``known`` has."""
    match fact.kind:
        case "relation":
            return _relation(fact, [column for column in known if _is_column_of(column, fact)])
        case "constraint":
            return _constraint(fact)
        case "index":
            return Change(indexes=(_index(fact),))
        case "trigger" | "rule":
            return Change(triggers=(fact.definition[0].rstrip(";"),))
        case "policy":
            return Change(triggers=(_policy(fact),))
        case "security":
            return Change(triggers=tuple(_security(fact)))
        case "schema" | "extension":
            return Change(before=(f"CREATE {OTHERS[fact.kind]} IF NOT EXISTS {quote(fact.name)}",))
        case "type":
            return Change(before=(type_text(fact),))
        case "collation":
            return Change(before=(_collation(fact),))
        case "function":
            return Change(impossible=(f"{fact.definition[0]} {fact.name}: its source is not known",))
        case _:
            return Change()


def _relation(fact: Fact, columns: Sequence[Fact]) -> Change:
    kind, definition = fact.definition
    name = qualified(fact.schema, fact.relation)
    if kind == "sequence":
        return Change(before=(f"CREATE SEQUENCE {name} {definition}",))
    if kind == "composite type":
        return Change(before=(f"CREATE TYPE {name} AS ({definition})",))
    if kind in ("view", "materialized view"):
        return Change()  # by ``views``, in their order
    if kind not in ("table", "partitioned table"):
        return Change(impossible=(f"{article(kind)} can't be made from what the catalog says",))
    inside = "".join(f"\n    {column_text(column)}," for column in columns)[:-1]
    partitioned = f" PARTITION BY {definition}" if kind == "partitioned table" else ""
    numbered = [text for column in columns for text in numbering(column)]
    return Change(columns=(f"CREATE TABLE {name} ({inside}\n){partitioned}", *numbered))


def column_text(fact: Fact) -> str:
    kind, null, default, _auto, generated, collation = fact.definition
    parts = [quote(fact.name), kind, f"COLLATE {collation}" if collation else "", null if null == "NOT NULL" else ""]
    if generated:
        parts.append(f"GENERATED ALWAYS AS {generated}")
    elif default:
        parts.append(f"DEFAULT {default}")
    elif is_identity(fact):
        parts.append(identity(fact))
    return " ".join(filter(None, parts))


def is_identity(column: Fact) -> bool:
    """A column may number itself and yet allow NULL, or be no integer: then only by a sequence."""
    kind, null, _default, auto, *_rest = column.definition
    return bool(auto) and null == "NOT NULL" and kind in INTEGERS


def identity(column: Fact) -> str:
    return f"GENERATED {'ALWAYS' if column.definition[3] == 'always' else 'BY DEFAULT'} AS IDENTITY"


def numbering(column: Fact) -> tuple[str, ...]:
    """A sequence for a column that numbers itself and can't be an identity."""
    if not column.definition[3] or is_identity(column):
        return ()
    table = qualified(column.schema, column.relation)
    name = qualified(column.schema, f"{column.relation}_{column.name}_seq")
    return (
        f"CREATE SEQUENCE {name} OWNED BY {table}.{quote(column.name)}",
        f"ALTER TABLE {table} ALTER COLUMN {quote(column.name)} SET DEFAULT nextval({literal(name)})",
    )


def _constraint(fact: Fact) -> Change:
    kind, definition, valid = fact.definition
    late = "" if valid == "VALID" else " NOT VALID"
    table = qualified(fact.schema, fact.relation)
    statement = f"ALTER TABLE {table} ADD CONSTRAINT {quote(fact.name)} {_as_written(definition)}{late}"
    return Change(references=(statement,)) if kind == "foreign key" else Change(constraints=(statement,))


def _policy(fact: Fact) -> str:
    mode, command, roles, using, check = fact.definition
    parts = [f"CREATE POLICY {quote(fact.name)} ON {qualified(fact.schema, fact.relation)} AS {mode}"]
    parts += [
        f"FOR {command} TO {roles}",
        f"USING ({using})" if using else "",
        f"WITH CHECK ({check})" if check else "",
    ]
    return " ".join(filter(None, parts))


def _security(fact: Fact) -> Iterator[str]:
    enabled, forced = fact.definition
    table = qualified(fact.schema, fact.relation)
    if enabled:
        yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    if forced:
        yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"


def _index(fact: Fact) -> str:
    return _as_written(fact.definition[0]).replace("INDEX ON ", f"INDEX {quote(fact.name)} ON ", 1)


def _as_written(expression: str) -> str:
    """So that the server prints it as it did before, and not as after a dump: others may compare the texts."""
    return _CAST_LIST.sub(r"\1", expression)


def type_text(fact: Fact) -> str:
    kind, *rest = fact.definition
    name = qualified(fact.schema, fact.name)
    if kind == "enum":
        return f"CREATE TYPE {name} AS ENUM ({', '.join(map(literal, rest))})"
    if kind == "range":
        return f"CREATE TYPE {name} AS RANGE (SUBTYPE = {rest[0]})"
    base, null, default, *checks = rest
    parts = (f"CREATE DOMAIN {name} AS {base}", f"DEFAULT {default}" if default else "", null, *checks)
    return " ".join(filter(None, parts))


def _collation(fact: Fact) -> str:
    provider, locale, deterministic = fact.definition
    options = f"PROVIDER = {provider}, LOCALE = {literal(locale)}"
    if not deterministic:
        options += ", DETERMINISTIC = false"
    return f"CREATE COLLATION {qualified(fact.schema, fact.name)} ({options})"


def views(known: Iterable[Fact]) -> Iterator[str]:
    """Those that select from others after them."""
    for fact in _in_order(filter(is_view, known)):
        kind, text = fact.definition
        query = _as_written(text).strip().rstrip(";")
        yield f"CREATE {RELATIONS[kind]} {qualified(fact.schema, fact.relation)} AS {query}"


def reading(relation: str, known: Iterable[Fact]) -> list[Fact]:
    """The views that read from that relation, and from those views in turn; each after what it reads."""
    others, found = list(filter(is_view, known)), [Fact("relation", "", relation, "", ())]
    for each in found:
        found += [view for view in others if view not in found and reads_from(view, each.relation)]
    return _in_order(found[1:])


def is_view(fact: Fact) -> bool:
    return fact.kind == "relation" and fact.definition[0] in ("view", "materialized view")


def reads_from(view: Fact, relation: str) -> bool:
    """By its text, so that a column or an alias of that name counts, too."""
    return re.search(rf"\b{re.escape(relation)}\b", view.definition[1]) is not None


def _in_order(waiting: Iterable[Fact]) -> list[Fact]:
    """Views after those that they read from; those that read from each other as they come."""
    left, done = list(waiting), list[Fact]()
    while left:
        free = [one for one in left if not any(reads_from(one, other.relation) for other in left if other is not one)]
        done += free or left
        left = [one for one in left if free and one not in free]
    return done


def _is_column_of(fact: Fact, relation: Fact) -> bool:
    return fact.kind == "column" and (fact.schema, fact.relation) == (relation.schema, relation.relation)
