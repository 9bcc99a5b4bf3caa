# What the script of a fix runs in "manage.py shell": it looks where a database stands, or executes SQL.
# MIGSIM_DO says which; stdin has what it is about, as JSON in ASCII or as SQL in UTF-8. Python 3.8, Django 3.2.
import contextlib
import hashlib
import json
import os
import sys

from django.db import connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

MIGSIM_MOST = 12  # differences that are told


def migsim_say(*words):
    print("\nmigsim:", *(str(word).encode("unicode_escape").decode("ascii") for word in words), flush=True)


def migsim_code(connection, names):
    """A hash of each migration's file, whatever ends its lines; "unknown" where only its bytecode is there."""
    loader = MigrationLoader(connection, load=False)
    try:
        loader.load_disk()
    except Exception as error:
        return {name: f"not readable ({type(error).__name__}: {error})" for name in names}
    found = {}
    for name in names:
        migration = loader.disk_migrations.get(tuple(name.split(".", 1)))
        path = getattr(sys.modules.get(type(migration).__module__), "__file__", None) if migration else ""
        if path and path.endswith(".py"):
            with open(path, "rb") as file:
                found[name] = hashlib.sha256(file.read().replace(b"\r\n", b"\n")).hexdigest()
        else:
            found[name] = "absent" if migration is None else "unknown"
    return found


def migsim_plan(connection):
    """What migrate would apply, in its order, and which of it is not atomic; or why it can't say."""
    try:
        executor = MigrationExecutor(connection)
        executor.loader.check_consistent_history(connection)
        conflicts = executor.loader.detect_conflicts()
        if conflicts:
            return None, set(), "conflicting migrations in " + ", ".join(sorted(conflicts))
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Exception as error:
        return None, set(), f"{type(error).__name__}: {error}"
    names = [f"{one.app_label}.{one.name}" for one, _backwards in plan]
    return names, {name for name, (one, _backwards) in zip(names, plan) if not one.atomic}, ""


def migsim_look(connection, asked):
    with transaction.atomic(using=connection.alias):
        recorder = MigrationRecorder(connection)
        rows = recorder.migration_qs.values_list("app", "name") if recorder.has_table() else []
        history = sorted("{}.{}".format(*row) for row in rows)
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_database(), current_user, array_to_json(current_schemas(false))::text")
            database, user, schemas = cursor.fetchone()
            cursor.execute("SET LOCAL search_path = pg_catalog")
            cursor.execute(asked["query"])
            facts = dict(cursor.fetchall())
    plan, not_atomic, why = migsim_plan(connection)
    return {
        "database": database,
        "user": user,
        "schemas": json.loads(schemas),
        "facts": facts,
        "history": history,
        "plan": plan,
        "not_atomic": sorted(not_atomic),
        "why": why,
        "code": migsim_code(connection, asked["migrations"]),
    }


def migsim_points(asked):
    """The states that were rehearsed, each whole: before the first step, after it, and so on."""
    for point in asked["points"]:
        history = [name for name in asked["history"] if name not in point["removed"]] + point["added"]
        yield dict(asked["facts"], **point["facts"]), sorted(history), point["plan"]


def migsim_less(names, others):
    names = list(names)
    for other in others:
        if other in names:
            names.remove(other)
    return names


def migsim_differences(now, point):
    facts, history, plan = point
    told = [
        "{} is not as rehearsed{}".format(name, " (absent)" if now["facts"].get(name) == "absent" else "")
        for name in facts
        if now["facts"].get(name) != facts[name]
    ]
    told += ["recorded now, not when rehearsed: " + name for name in migsim_less(now["history"], history)]
    told += ["recorded when rehearsed, not now: " + name for name in migsim_less(history, now["history"])]
    if plan is not None and now["plan"] is None:
        told.append("migrate can't make a plan: " + now["why"])
    elif plan is not None:
        told += ["migrate would apply now, not when rehearsed: " + name for name in migsim_less(now["plan"], plan)]
        told += [
            "migrate would have applied when rehearsed, not now: " + name for name in migsim_less(plan, now["plan"])
        ]
    return told


def migsim_is_between(now, before, after):
    """Whether a part of the migrations that a step records is recorded, and nothing else has changed."""
    facts, history, plan = before
    done = migsim_less(now["history"], history)
    adds = migsim_less(after[1], history)
    if not done or migsim_less(done, adds) or migsim_less(history, now["history"]) or len(done) == len(adds):
        return False
    if plan is None or now["plan"] is None or set(now["plan"]) != set(plan) - set(done):
        return False
    if any(after[0][name] == facts[name] != now["facts"].get(name) for name in facts):
        return False
    following = [name for name in now["plan"] if name in adds]
    return not following or following[0] not in now["not_atomic"]


def migsim_code_is(found):
    if found.startswith("not readable"):
        return found
    return "gone" if found == "absent" else "not the one that was rehearsed"


def migsim_judge(now, asked, least):
    """Where the database stands: at or in which step, and nothing; or nowhere, and what differs."""
    code = [
        f"the code of {name} is {migsim_code_is(found)}"
        for name, found in now["code"].items()
        if found != asked["code"][name] and "unknown" not in (found, asked["code"][name])
    ]
    points = list(migsim_points(asked))
    found = [migsim_differences(now, point) for point in points]
    if code:
        return None, code + min(found[least:], key=len)
    for number in range(least, len(points)):
        if not found[number]:
            while least == 0 and number + 1 < len(points) and asked["points"][number + 1]["idle"]:
                number += 1  # a migrate that had nothing to do
            return number, []
    for number in range(least, len(points) - 1):
        if migsim_is_between(now, points[number], points[number + 1]):
            return number, []
    return None, min(found[least:], key=len)


def migsim_main():
    alias = os.environ["MIGSIM_ALIAS"]
    doing = os.environ["MIGSIM_DO"]
    connection = connections[alias]
    text = sys.stdin.buffer.read().decode("utf-8")
    if doing == "look" or doing == "describe":
        asked = json.loads(text)
        now = migsim_look(connection, asked)
        if doing == "describe":
            migsim_say("described", json.dumps(now))
            return
        migsim_say("database", now["database"])
        number, told = migsim_judge(now, asked, int(os.environ["MIGSIM_LEAST"]))
        if number is not None:
            migsim_say("at", number)
        for line in told[:MIGSIM_MOST]:
            migsim_say("differs", line)
        if len(told) > MIGSIM_MOST:
            migsim_say("differs", f"and {len(told) - MIGSIM_MOST} more")
        return
    with contextlib.ExitStack() as stack:
        if doing == "together":
            stack.enter_context(transaction.atomic(using=alias))
        cursor = stack.enter_context(connection.cursor())
        table, index = os.environ.get("MIGSIM_TABLE"), os.environ.get("MIGSIM_INDEX")
        if index:
            # What an attempt to build it has left.
            cursor.execute(
                "SELECT format('%%I.%%I', n.nspname, c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
                " JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE NOT i.indisvalid AND c.relname = %s AND i.indrelid = to_regclass(%s)",
                [index, table],
            )
            for (name,) in cursor.fetchall():
                cursor.execute("DROP INDEX CONCURRENTLY " + name)
        cursor.execute(text)
        if doing == "together":
            cursor.execute(
                "SELECT format('%I.%I', schemaname, relname), n_tup_ins, n_tup_upd, n_tup_del"
                " FROM pg_stat_xact_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 ORDER BY 1"
            )
            for row in cursor.fetchall():
                migsim_say("wrote", "{}: {} inserted, {} updated, {} deleted".format(*row))


migsim_main()
