"""Statements that make what a catalog says, bring a table to it, drop or move aside what stands in the way.

Nothing here drops a table, a column or a row, nor changes what is not wanted. What only the rows can decide (a NOT NULL
over NULLs, a unique constraint over duplicates) is left to the server to refuse; what would change values without a
word is ``impossible``, as is what can't be altered. A definition that comes from the catalog keeps its qualified names.
"""

from simulator.postgres.ddl.altering import alter
from simulator.postgres.ddl.change import Change, together
from simulator.postgres.ddl.clearing import ASIDE, drop, drop_column, rename, set_aside
from simulator.postgres.ddl.making import create, is_view, reading, reads_from
from simulator.postgres.ddl.names import RELATIONS, qualified, quote
from simulator.postgres.ddl.online import concurrently

__all__ = [
    "ASIDE",
    "RELATIONS",
    "Change",
    "alter",
    "concurrently",
    "create",
    "drop",
    "drop_column",
    "is_view",
    "qualified",
    "quote",
    "reading",
    "reads_from",
    "rename",
    "set_aside",
    "together",
]
