"""Where a database stands on the way of a fix: what is compared of it, and the states that the script knows.

``templates/fix_look.py`` reads a state and compares it, for the rehearsal and in production alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from simulator.postgres.parts import is_users_schema
from simulator.postgres.sql import literal

# Everything is qualified and sorted bytewise, so that every server and session gives the same; casts to text and
# parentheses are left out, which a restore puts elsewhere (``IN`` of a varchar).
_BARE = r"regexp_replace({}, '::(text|character varying)(\[\])?|[() ]', '', 'g')"
_EACH = """\
SELECT format('"%s"."%s"', replace(nspname, '"', '""'), replace(relname, '"', '""'))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND {users}""".format(users=is_users_schema("n"))
# An invalid index is none; it counts apart, unless the script takes it away itself before it builds it.
_SHAPE = """\
SELECT name, COALESCE(md5(concat(
    (SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull), ',' ORDER BY attname)
     FROM pg_attribute WHERE attrelid = to_regclass(name) AND attnum > 0 AND NOT attisdropped),
    (SELECT string_agg({constraint}, ',' ORDER BY conname)
     FROM pg_constraint WHERE conrelid = to_regclass(name)),
    (SELECT string_agg({index}, ',' ORDER BY {index} COLLATE "C")
     FROM pg_index WHERE indrelid = to_regclass(name) AND indisvalid),
    (SELECT string_agg(relname, ',' ORDER BY relname COLLATE "C")
     FROM pg_index JOIN pg_class i ON i.oid = indexrelid
     WHERE indrelid = to_regclass(name) AND NOT indisvalid AND relname <> ALL (ARRAY[{built}]::text[]))))
    || CASE WHEN to_regclass(name) IS NULL THEN NULL ELSE '' END, 'absent')
FROM (SELECT name FROM names) named"""
_REST = """\
SELECT 'what belongs to ' || name, COALESCE(md5(concat(
    (SELECT concat_ws(' ', relkind, relrowsecurity, relforcerowsecurity, {view})
     FROM pg_class c WHERE c.oid = to_regclass(name)),
    (SELECT string_agg(concat_ws(' ', attname, attidentity, {default}), ',' ORDER BY attname)
     FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
     WHERE attrelid = to_regclass(name) AND attnum > 0 AND NOT attisdropped),
    (SELECT string_agg(concat_ws(' ', tgenabled, {trigger}), ',' ORDER BY tgname)
     FROM pg_trigger WHERE tgrelid = to_regclass(name) AND NOT tgisinternal),
    (SELECT string_agg(concat_ws(' ', polname, polcmd, polpermissive, {using}, {check}), ',' ORDER BY polname)
     FROM pg_policy WHERE polrelid = to_regclass(name))))
    || CASE WHEN to_regclass(name) IS NULL THEN NULL ELSE '' END, 'absent')
FROM (SELECT name FROM names) named"""
_OTHERS = {  # what is compared as a whole: a text for each of its parts, and where they are
    "extensions": (
        "concat_ws(' ', extname, nspname)",
        "pg_extension JOIN pg_namespace n ON n.oid = extnamespace",
    ),
    "schemas": ("nspname::text", f"pg_namespace n WHERE {is_users_schema('n')}"),
    "functions": (
        "concat_ws(' ', nspname, proname, pg_get_function_identity_arguments(p.oid), md5(prosrc))",
        f"pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE {is_users_schema('n')}",
    ),
    "types": (
        "concat_ws(' ', nspname, typname, typtype, "
        "(SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))",
        "pg_type t JOIN pg_namespace n ON n.oid = typnamespace "
        f"WHERE typtype IN ('e', 'd', 'r') AND {is_users_schema('n')}",
    ),
    "settings of the database": (
        "setconfig::text",
        "pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())",
    ),
}


@dataclass(frozen=True)
class State:
    """A database as ``fix_look.py`` describes it. Migrations are "app.name".

    ``plan`` is what migrate would apply (None: it can't say); ``code`` has a hash of each migration's file.
    """

    facts: Mapping[str, str]  # what is compared -> a hash of it, or "absent"
    history: tuple[str, ...] = ()
    plan: tuple[str, ...] | None = ()
    code: Mapping[str, str] = ()  # type: ignore[assignment]  # never changed
    user: str = ""
    schemas: tuple[str, ...] = ()  # that names without one are looked for in


def read(line: str) -> State:
    """What ``fix_look.py`` printed after ``described``."""
    found = json.loads(line.encode("ascii").decode("unicode_escape"))
    return State(
        facts=found["facts"],
        history=tuple(found["history"]),
        plan=None if found["plan"] is None else tuple(found["plan"]),
        code=found["code"],
        user=found["user"],
        schemas=tuple(found["schemas"]),
    )


def quoted(schema: str, relation: str) -> str:
    """The name of a relation among the facts."""
    return '"{}"."{}"'.format(*(part.replace('"', '""') for part in (schema, relation)))


def query(facts: Iterable[str] | None, built: Iterable[str] = ()) -> str:
    """Rows of a fact's name and hash: of those that are named, or (None) of all that there are.

    ``built``: names of indexes that the script builds concurrently.
    """
    constraint, index, view, default, trigger, using, check = (
        _BARE.format(text)
        for text in (
            "pg_get_constraintdef(oid)",
            "pg_get_indexdef(indexrelid)",
            "CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END",
            "pg_get_expr(adbin, adrelid)",
            "pg_get_triggerdef(oid)",
            "pg_get_expr(polqual, polrelid)",
            "pg_get_expr(polwithcheck, polrelid)",
        )
    )
    names = _EACH
    others = list(_OTHERS)
    rest = True
    if facts is not None:
        wanted = list(facts)
        others = [name for name in _OTHERS if name in wanted]
        own = sorted({name.removeprefix("what belongs to ") for name in wanted if name not in _OTHERS})
        names = f"SELECT unnest(ARRAY[{', '.join(map(literal, own))}]::text[])"
        rest = any(name.startswith("what belongs to ") for name in wanted)
    shape = _SHAPE.format(constraint=constraint, index=index, built=", ".join(map(literal, sorted(built))))
    more = _REST.format(view=view, default=default, trigger=trigger, using=using, check=check)
    parts = [shape, *([more] if rest else []), *(_other(name) for name in others)]
    return f"WITH names(name) AS ({names})\n" + "\nUNION ALL\n".join(parts)


def _other(name: str) -> str:
    what, where = _OTHERS[name]
    text = f'({what}) COLLATE "C"'
    return (
        f"SELECT {literal(name)}, COALESCE(md5((SELECT string_agg({text}, ',' ORDER BY {text}) FROM {where})), 'none')"
    )


def compared(states: Sequence[State], relations: Iterable[str]) -> frozenset[str]:
    """The facts that tell the states apart, and the shapes of these relations."""
    names = {name for state in states for name in state.facts}
    changing = {name for name in names if len({state.facts.get(name, "absent") for state in states}) > 1}
    return frozenset(changing | set(relations))


def document(states: Sequence[State], facts: Iterable[str], idle: Sequence[bool], built: Iterable[str]) -> str:
    """What the script gives to ``fix_look.py``, in ASCII. ``idle``: whether a step was a migrate without work."""
    names = sorted(facts)
    first = states[0]
    points = []
    for state, nothing in zip(states, (False, *idle), strict=True):
        changed = {
            name: state.facts.get(name, "absent")
            for name in names
            if state.facts.get(name, "absent") != first.facts.get(name, "absent")
        }
        added, removed = less(state.history, first.history), less(first.history, state.history)
        points.append({"facts": changed, "added": added, "removed": removed, "plan": state.plan, "idle": nothing})
    return json.dumps(
        {
            "query": query(names, built),
            "migrations": sorted(first.code),
            "code": first.code,
            "facts": {name: first.facts.get(name, "absent") for name in names},
            "history": first.history,
            "points": points,
        },
        indent=1,
    )


def whole(migrations: Iterable[str], built: Iterable[str]) -> str:
    """What ``fix_look.py`` is asked to describe a database with, before anything is known of it."""
    return json.dumps({"query": query(None, built), "migrations": sorted(migrations)})


def less(names: Sequence[str], others: Sequence[str]) -> list[str]:
    """What is left of the names, of which one may stand twice."""
    left = list(names)
    for other in others:
        if other in left:
            left.remove(other)
    return left
