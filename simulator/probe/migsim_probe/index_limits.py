"""Whether a value can be too long for an index (54000): told from the field alone."""

from __future__ import annotations

import math
from typing import Any, Iterable

# A B-tree's entry holds a third of a page, 2704 bytes (PostgreSQL manual, section 67.4); UTF-8 takes 4 a character.
LONGEST_INDEXED = 2704 // 4
# What Django calls the columns whose every value is short; a foreign key's is in the index of its target already.
SHORT = frozenset(
    [
        "AutoField",
        "BigAutoField",
        "SmallAutoField",
        "BooleanField",
        "NullBooleanField",
        "DateField",
        "DateTimeField",
        "TimeField",
        "DurationField",
        "IntegerField",
        "BigIntegerField",
        "SmallIntegerField",
        "PositiveIntegerField",
        "PositiveBigIntegerField",
        "PositiveSmallIntegerField",
        "FloatField",
        "DecimalField",
        "GenericIPAddressField",
        "UUIDField",
        "ForeignKey",
        "OneToOneField",
    ]
)


def fit(fields: Iterable[Any]) -> bool:
    """Whether an index on them takes any values that their columns can hold."""
    return sum(map(_longest, fields)) <= LONGEST_INDEXED


def _longest(field: Any) -> float:
    """In characters, as far as that is worth counting."""
    if field is None:
        return math.inf
    if field.get_internal_type() in SHORT:
        return 0
    return getattr(field, "max_length", None) or math.inf
