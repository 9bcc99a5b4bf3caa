"""What one SQL statement does to others while it runs: whom its lock keeps waiting, what it reads or writes anew.

After PostgreSQL's manual: 13.3 (which lock blocks what), the pages of ALTER TABLE, CREATE INDEX, REINDEX, CREATE
TRIGGER and their like. Read from the statement's text, and for a new type from the one that stands; what is not known
is not said. A lock is kept until the end of its transaction.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from simulator.dumps.statements import unquote
from simulator.wording import one_line

# Table-level locks from the weakest on, as pg_locks writes them.
MODES = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
ROWS, QUIET, SHARE, SHARE_ROW, EXCLUSIVE, ACCESS = (MODES[place] for place in (2, 3, 4, 5, 6, 7))

_WORD = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_NAME = rf"(?P<name>{_WORD}(?:\s*\.\s*{_WORD})?)"
_IF = r"(?:IF\s+(?:NOT\s+)?EXISTS\s+)?"
_TEXT = re.compile(
    r"""(?P<name>"(?:[^"]|"")*")|E?'(?:[^']|'')*'|(?P<tag>\$\w*\$).*?(?P=tag)|--[^\n]*|/\*.*?\*/""", re.DOTALL
)
_ALTER = re.compile(rf"ALTER\s+TABLE\s+(?:ALL\s+)?{_IF}(?:ONLY\s+)?{_NAME}\s*\*?\s+(?P<actions>.+)", re.I | re.S)
_COLUMN = re.compile(rf"ALTER\s+(?:COLUMN\s+)?(?P<column>{_WORD})\s+(?P<action>.+)", re.I | re.S)
_REFERENCES = re.compile(rf"\bREFERENCES\s+{_NAME}", re.I)
_LENGTH = re.compile(r"\(([\d\s,-]+)\)")
# Defaults that are computed once for all rows (volatility in pg_proc: immutable or stable).
_ONCE = re.compile(r"(?:now|current_\w+|statement_timestamp|transaction_timestamp|to_\w+|make_\w+)$", re.I)
_CALL = re.compile(r"([\w.]+)\s*\(")


@dataclass(frozen=True)
class Effects:
    """What one statement does to one relation. ``relation`` is as the catalog has it, with a schema where the statement
    names one; "" for what is about none."""

    relation: str = ""
    mode: str = ""  # the lock, as pg_locks writes it; "": none on a table that was there
    rewrites: bool = False  # writes the whole table, and its indexes, anew
    scans: bool = False  # reads the whole table
    builds: bool = False  # builds an index, which reads the whole table and sorts it
    also: str = ""  # another relation that it locks in the same way, or SHARE ROW EXCLUSIVE
    doubt: bool = False  # the rewrite is only possible: the text does not tell

    @property
    def blocks(self) -> tuple[str, ...]:
        """Of "reads" and "writes", what waits until the statement's transaction ends."""
        if self.mode == ACCESS:
            return ("reads", "writes")
        return ("writes",) if self.mode in (SHARE, SHARE_ROW, EXCLUSIVE) else ()

    @property
    def is_brief(self) -> bool:
        """Whether it takes no longer where the table is large."""
        return not (self.rewrites or self.scans or self.builds)

    @property
    def words(self) -> str:
        """In one line: "rewrites shop_order; blocks its reads and writes meanwhile". "" where nothing is to be said."""
        if not self.mode:
            return ""
        table = one_line(self.relation) or "the table"
        if self.mode == ROWS:
            return f"blocks other writes to the same rows of {table}, until its transaction ends"
        works = [
            f"rewrites {table}" + (" (unless its values stay as they are)" if self.doubt else "")
            if self.rewrites
            else "",
            f"reads all rows of {table}" if self.scans and not self.rewrites else "",
            f"builds an index on {table}" if self.builds and not self.rewrites else "",
        ]
        does = " and ".join(filter(None, works))
        also = f", and writes to {one_line(self.also)}" if self.also else ""
        if not self.blocks:
            return f"{does}; blocks neither reads nor writes" if does else "blocks neither reads nor writes"
        waits = f"blocks {' and '.join(self.blocks)}"
        return f"{does}; {waits}{also} meanwhile" if does else f"{waits} of {table}{also}, for a moment"


def effects(
    statement: str,
    types: Mapping[tuple[str, str], str] | None = None,
    not_null: frozenset[tuple[str, str]] = frozenset(),
) -> Effects:
    """Of one statement, with or without its semicolon.

    ``types``: what (relation, column) is now, as format_type writes it. ``not_null``: (relation, column) of which a
    valid CHECK says that they hold no NULL, so that SET NOT NULL reads nothing (from PostgreSQL 12 on).
    """
    text = _bare(statement)
    if match := _ALTER.match(text):
        return _of_table(match, types or {}, not_null)
    for form, make in _FORMS:
        if match := form.match(text):
            return make(match)
    return Effects()


def of_script(script: str, types: Mapping[tuple[str, str], str] | None = None) -> tuple[Effects, ...]:
    """Of each statement of a script that does something to a table which others may wait for."""
    found = (effects(statement, types) for statement in statements(script))
    return tuple(one for one in found if one.mode)


def statements(script: str) -> tuple[str, ...]:
    """The statements of a script, without their semicolons; those in strings, names and comments end none."""
    return tuple(part.strip() for part in _apart(script, ";") if part.strip())


def _bare(statement: str) -> str:
    """Without comments, and each string empty."""
    text = _TEXT.sub(lambda match: match["name"] or (" " if match[0][:2] in ("--", "/*") else "''"), statement)
    return text.strip().rstrip(";").strip()


def _apart(text: str, mark: str) -> Iterator[str]:
    """The parts between marks that stand in no string, name, comment or parentheses."""
    masked = _TEXT.sub(lambda match: "x" * len(match[0]), text)
    depth = start = 0
    for place, letter in enumerate(masked):
        depth += (letter in "([") - (letter in ")]")
        if letter == mark and depth <= 0:
            yield text[start:place]
            start = place + 1
    yield text[start:]


def _name(text: str) -> str:
    return ".".join(unquote(part) for part in re.findall(_WORD, text))


# --- ALTER TABLE ---------------------------------------------------------------------------------


def _of_table(
    match: re.Match[str], types: Mapping[tuple[str, str], str], not_null: frozenset[tuple[str, str]]
) -> Effects:
    """The strictest lock of all its parts is taken, and all that they need is done in one pass."""
    table = _name(match["name"])
    parts = [_of_action(table, part.strip(), types, not_null) for part in _apart(match["actions"], ",")]
    rewriting = [one for one in parts if one.rewrites]
    return Effects(
        table,
        max((one.mode for one in parts), key=MODES.index),
        rewrites=bool(rewriting),
        scans=any(one.scans for one in parts),
        builds=any(one.builds for one in parts),
        also=next((one.also for one in parts if one.also), ""),
        doubt=bool(rewriting) and all(one.doubt for one in rewriting),
    )


def _of_action(
    table: str, action: str, types: Mapping[tuple[str, str], str], not_null: frozenset[tuple[str, str]]
) -> Effects:
    if not re.match(r"ALTER\s+CONSTRAINT\b", action, re.I) and (column := _COLUMN.match(action)):
        return _of_column(table, unquote(column["column"]), column["action"], types, not_null)
    for pattern, found in _ACTIONS:
        if re.match(pattern, action, re.I):
            return Effects(table, found.mode, found.rewrites, found.scans, found.builds)
    if re.match(r"ADD\b", action, re.I):
        named = re.match(rf"ADD\s+CONSTRAINT\s+{_WORD}\s+(.*)", action, re.I | re.S)
        constraint = named[1] if named else re.sub(r"^ADD\s+", "", action, flags=re.I)
        if re.match(r"(?:CHECK|FOREIGN\s+KEY|UNIQUE|PRIMARY\s+KEY|EXCLUDE|NOT\s+NULL)\b", constraint, re.I):
            return _of_constraint(table, constraint)
        return _of_new_column(table, action)
    return Effects(table, ACCESS)


# ALTER TABLE: "an ACCESS EXCLUSIVE lock is acquired unless explicitly noted".
_ACTIONS = (
    (r"VALIDATE\s+CONSTRAINT\b", Effects(mode=QUIET, scans=True)),
    (r"(?:ENABLE|DISABLE)\s+(?:REPLICA\s+|ALWAYS\s+)?TRIGGER\b", Effects(mode=SHARE_ROW)),
    (r"SET\s+(?:LOGGED|UNLOGGED|TABLESPACE|ACCESS\s+METHOD)\b", Effects(mode=ACCESS, rewrites=True)),
    (r"(?:RE)?SET\s*\(|CLUSTER\s+ON\b|SET\s+WITHOUT\s+CLUSTER\b", Effects(mode=QUIET)),
    (r"ATTACH\s+PARTITION\b", Effects(mode=QUIET)),
    (r"DETACH\s+PARTITION\b.*\bCONCURRENTLY\b", Effects(mode=QUIET)),
)


def _of_column(
    table: str,
    column: str,
    action: str,
    types: Mapping[tuple[str, str], str],
    not_null: frozenset[tuple[str, str]],
) -> Effects:
    if typed := re.match(r"(?:SET\s+DATA\s+)?TYPE\s+(?P<type>.+)", action, re.I | re.S):
        using = re.search(r"\bUSING\b", typed["type"], re.I)
        new = re.split(r"\s+(?:COLLATE|USING)\b", typed["type"], flags=re.I)[0]
        old = types.get((table.rpartition(".")[2], column))
        if old is None:
            return Effects(table, ACCESS, rewrites=True, doubt=not using)
        # From PostgreSQL 12 on it is the session's time zone that tells: in UTC both are stored alike.
        zone = {_base(old), _base(new)} == {"timestamp with time zone", "timestamp without time zone"}
        return Effects(table, ACCESS, rewrites=bool(using) or not keeps_values(old, new), doubt=zone and not using)
    if re.match(r"SET\s+NOT\s+NULL\b", action, re.I):
        return Effects(table, ACCESS, scans=(table.rpartition(".")[2], column) not in not_null)
    if re.match(r"SET\s+STATISTICS\b|(?:RE)?SET\s*\(", action, re.I):
        return Effects(table, QUIET)
    return Effects(table, ACCESS)


def keeps_values(old: str, new: str) -> bool:
    """Whether values of the one type are those of the other as they are stored, so that ALTER TYPE writes none anew."""
    was, becomes = _base(old), _base(new)
    wide, wider = _digits(old), _digits(new)
    if becomes in ("text", "citext"):  # citext's casts have no function
        return was in ("text", "character varying", "citext")
    if (was, becomes) == ("cidr", "inet"):
        return True
    if was in ("text", "citext") and becomes == "character varying":
        return not wider
    if was != becomes:
        return False
    if not wider or wide == wider:
        return was != "character" or wide == wider
    if was in ("character varying", "bit varying"):
        return bool(wide) and wide[0] <= wider[0]
    if was == "numeric":
        return bool(wide) and wide[0] <= wider[0] and (*wide, 0)[1] == (*wider, 0)[1]
    if was.startswith(("timestamp", "time ", "interval")):
        return wider[0] == 6 or (bool(wide) and wide[0] <= wider[0])
    return False


_ALIASES = {
    "varchar": "character varying",
    "char": "character",
    "decimal": "numeric",
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "int2": "smallint",
    "bool": "boolean",
    "varbit": "bit varying",
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
    "timetz": "time with time zone",
    "time": "time without time zone",
    "float8": "double precision",
    "float4": "real",
}


def _base(kind: str) -> str:
    name = " ".join(_LENGTH.sub(" ", kind).lower().replace('"', "").split()).removeprefix("pg_catalog.")
    return _ALIASES.get(name, name)


def _digits(kind: str) -> tuple[int, ...]:
    found = _LENGTH.search(kind)
    return tuple(int(part) for part in found[1].split(",")) if found else ()


def _of_constraint(table: str, constraint: str) -> Effects:
    valid = not re.search(r"\bNOT\s+VALID\b", constraint, re.I)
    if found := _REFERENCES.search(constraint):
        return Effects(table, SHARE_ROW, scans=valid, also=_name(found["name"]))
    if re.match(r"(?:CHECK|NOT\s+NULL)\b", constraint, re.I):
        return Effects(table, ACCESS, scans=valid)
    by_index = re.search(r"\bUSING\s+INDEX\s+(?!TABLESPACE\b)", constraint, re.I)
    return Effects(table, ACCESS, builds=not by_index)


def _of_new_column(table: str, action: str) -> Effects:
    """With a default that is the same for all rows, none is written."""
    bare = re.sub(r"\bCHECK\s*\(.*\)", "", action, flags=re.I | re.S)
    default = re.search(r"\bDEFAULT\s+(.+)", bare, re.I | re.S)
    calls = _CALL.findall(default[1]) if default else []
    each = any(not _ONCE.match(name.rpartition(".")[2]) for name in calls if name.lower() not in ("unique", "check"))
    computed = bool(re.search(r"\bGENERATED\b|\b(?:big|small)?serial\b", bare, re.I))
    virtual = bool(re.search(r"\bVIRTUAL\b", bare, re.I))
    found = _REFERENCES.search(bare)
    return Effects(
        table,
        ACCESS,
        rewrites=(each or computed) and not virtual,
        scans=bare != action,
        builds=bool(re.search(r"\bUNIQUE\b|\bPRIMARY\s+KEY\b", bare, re.I)),
        also=_name(found["name"]) if found else "",
        doubt=each
        and not computed
        and not any("random" in name or "uuid" in name or "nextval" in name for name in calls),
    )


# --- everything else -----------------------------------------------------------------------------


def _simple(mode: str, rewrites: bool = False, scans: bool = False) -> Callable[[re.Match[str]], Effects]:
    return lambda match: Effects(_name(match["name"]), mode, rewrites, scans)


def _index(match: re.Match[str]) -> Effects:
    return Effects(_name(match["name"]), QUIET if match["quiet"] else SHARE, builds=True)


def _unnamed_table(match: re.Match[str]) -> Effects:
    """DROP INDEX locks the table that the index is on, which it does not name."""
    return Effects("", QUIET if match["quiet"] else ACCESS)


def _reindex(match: re.Match[str]) -> Effects:
    """Reads that would use an index wait as well while it is built anew."""
    return Effects(
        "" if match["what"].upper() == "INDEX" else _name(match["name"]),
        QUIET if match["quiet"] else SHARE,
        builds=True,
    )


def _refresh(match: re.Match[str]) -> Effects:
    return Effects(_name(match["name"]), EXCLUSIVE if match["quiet"] else ACCESS, rewrites=not match["quiet"])


def _created(match: re.Match[str]) -> Effects:
    """A new table keeps nobody waiting but who writes to what it points to."""
    found = _REFERENCES.search(match["rest"])
    return Effects(_name(found["name"]), SHARE_ROW) if found else Effects()


def _locked(match: re.Match[str]) -> Effects:
    mode = "".join(word.capitalize() for word in (match["mode"] or "ACCESS EXCLUSIVE").split()) + "Lock"
    return Effects(_name(match["name"]), mode if mode in MODES else ACCESS)


_QUIETLY = r"(?P<quiet>CONCURRENTLY\s+)?"
_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Effects]], ...] = tuple(
    (re.compile(pattern, re.I | re.S), make)
    for pattern, make in (
        (rf"CREATE\s+(?:UNIQUE\s+)?INDEX\s+{_QUIETLY}{_IF}(?:(?!ON\b){_WORD}\s+)?ON\s+(?:ONLY\s+)?{_NAME}", _index),
        (rf"DROP\s+INDEX\s+{_QUIETLY}", _unnamed_table),
        (rf"ALTER\s+INDEX\s+{_IF}{_NAME}\s+RENAME\b", _simple(QUIET)),
        (rf"REINDEX\s+(?:\([^)]*\)\s*)?(?P<what>INDEX|TABLE)\s+{_QUIETLY}{_NAME}", _reindex),
        (rf"CREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?TRIGGER\s.*?\sON\s+{_NAME}", _simple(SHARE_ROW)),
        (rf"(?:DROP|ALTER)\s+TRIGGER\s.*?\sON\s+{_NAME}", _simple(ACCESS)),
        (rf"(?:CREATE|ALTER|DROP)\s+POLICY\s.*?\sON\s+{_NAME}", _simple(ACCESS)),
        (rf"CREATE\s+(?:OR\s+REPLACE\s+)?RULE\s.*?\sTO\s+{_NAME}", _simple(ACCESS)),
        (rf"DROP\s+RULE\s.*?\sON\s+{_NAME}", _simple(ACCESS)),
        (rf"CREATE\s+STATISTICS\s.*?\sFROM\s+{_NAME}", _simple(QUIET)),
        (rf"DROP\s+(?:FOREIGN\s+)?TABLE\s+{_IF}{_NAME}", _simple(ACCESS)),
        (rf"DROP\s+(?:MATERIALIZED\s+)?VIEW\s+{_IF}{_NAME}", _simple(ACCESS)),
        (rf"DROP\s+SEQUENCE\s+{_IF}{_NAME}", _simple(ACCESS)),
        (rf"CREATE\s+OR\s+REPLACE\s+(?:RECURSIVE\s+)?VIEW\s+{_NAME}", _simple(ACCESS)),
        (rf"ALTER\s+(?:MATERIALIZED\s+)?VIEW\s+{_IF}{_NAME}", _simple(ACCESS)),
        (rf"ALTER\s+SEQUENCE\s+{_IF}{_NAME}\s+(?:RENAME|SET\s+SCHEMA|OWNER)\b", _simple(ACCESS)),
        (rf"ALTER\s+SEQUENCE\s+{_IF}{_NAME}", _simple(SHARE_ROW)),
        (rf"CREATE\s+(?:UNLOGGED\s+)?TABLE\s+{_IF}{_WORD}(?P<rest>.*)", _created),
        (rf"REFRESH\s+MATERIALIZED\s+VIEW\s+{_QUIETLY}{_NAME}", _refresh),
        (rf"TRUNCATE\s+(?:TABLE\s+)?(?:ONLY\s+)?{_NAME}", _simple(ACCESS)),
        (rf"CLUSTER\s+(?:VERBOSE\s+)?{_NAME}", _simple(ACCESS, rewrites=True)),
        (
            rf"VACUUM\s+(?:\([^)]*\bFULL\b[^)]*\)|FULL)\s+(?:(?:FREEZE|VERBOSE|ANALYZE)\s+)*{_NAME}",
            _simple(ACCESS, rewrites=True),
        ),
        (
            rf"(?:VACUUM|ANALYZE)\s+(?:\([^)]*\)\s*)?(?:(?:FREEZE|VERBOSE|ANALYZE)\s+)*{_NAME}",
            _simple(QUIET, scans=True),
        ),
        (rf"LOCK\s+(?:TABLE\s+)?(?:ONLY\s+)?{_NAME}(?:\s+IN\s+(?P<mode>[\w\s]+?)\s+MODE)?", _locked),
        (rf"UPDATE\s+(?:ONLY\s+)?{_NAME}", _simple(ROWS)),
        (rf"DELETE\s+FROM\s+(?:ONLY\s+)?{_NAME}", _simple(ROWS)),
        (rf"MERGE\s+INTO\s+(?:ONLY\s+)?{_NAME}", _simple(ROWS)),
    )
)
