"""Names as SQL text, and what ALTER and DROP call the things that have them."""

from __future__ import annotations

from simulator.model import Fact

RELATIONS = {
    "table": "TABLE",
    "partitioned table": "TABLE",
    "partition": "TABLE",
    "foreign table": "FOREIGN TABLE",
    "view": "VIEW",
    "materialized view": "MATERIALIZED VIEW",
    "sequence": "SEQUENCE",
    "composite type": "TYPE",
}
OTHERS = {
    "type": "TYPE",
    "function": "ROUTINE",
    "collation": "COLLATION",
    "extension": "EXTENSION",
    "schema": "SCHEMA",
}


def quote(name: str) -> str:
    """An identifier in double quotes, as Django writes all of them."""
    return '"' + name.replace('"', '""') + '"'


def qualified(schema: str, relation: str) -> str:
    """With its schema where that is not public."""
    return quote(relation) if schema in ("", "public") else f"{quote(schema)}.{quote(relation)}"


def other(fact: Fact) -> str:
    """What belongs to no relation. A function's name comes with its arguments, quoted."""
    if fact.kind != "function":
        return qualified(fact.schema, fact.name)
    return fact.name if fact.schema == "public" else f"{quote(fact.schema)}.{fact.name}"
