"""Which pending operations may succeed or fail by the rows that are there.

Only what is known not to look at rows passes; a project's own operation, even one derived from Django's, doesn't.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, Iterator, Tuple

from migsim_probe.index_limits import fit
from migsim_probe.run_sql import does_nothing

# Operations of Django's own that no row can stop.
ROWLESS = frozenset(
    [
        "CreateModel",
        "DeleteModel",
        "RenameModel",
        "AlterModelTable",
        "AlterModelTableComment",
        "AlterModelOptions",
        "AlterModelManagers",
        "AlterOrderWithRespectTo",
        "RemoveField",
        "RenameField",
        "RemoveIndex",
        "RenameIndex",
        "RemoveConstraint",
        "RemoveIndexConcurrently",
        "CreateCollation",
        "RemoveCollation",
        "AddConstraintNotValid",
        "AlterConstraint",
        "CreateExtension",
        "BloomExtension",
        "BtreeGinExtension",
        "BtreeGistExtension",
        "CITextExtension",
        "CryptoExtension",
        "HStoreExtension",
        "TrigramExtension",
        "UnaccentExtension",
    ]
)
# Options of a field that change no column, or loosen it.
HARMLESS_OPTIONS = frozenset(
    [
        "verbose_name",
        "help_text",
        "blank",
        "default",
        "choices",
        "validators",
        "error_messages",
        "editable",
        "db_comment",
        "related_name",
        "related_query_name",
        "limit_choices_to",
        "on_delete",
        "db_index",
        "upload_to",
        "storage",
        "auto_now",
        "auto_now_add",
        "serialize",
        "auto_created",
        "db_column",
        "db_default",
        "unique_for_date",
        "unique_for_month",
        "unique_for_year",
        "allow_unicode",
    ]
)

Model = Tuple[str, str]


def data_dependent(plan: list[Any], state: Any) -> list[str]:
    """``app.migration: description`` of each; ``state`` is the project state before the plan, and gets consumed."""
    found: list[str] = []
    created: set[Model] = set()
    for migration in plan:
        for operation in migration.operations:
            if _depends(operation, migration.app_label, state, created):
                found.append(f"{migration.app_label}.{migration.name}: {_describe(operation)}")
            _remember(operation, migration.app_label, created)
            operation.state_forwards(migration.app_label, state)
    return found


def _depends(operation: Any, app: str, state: Any, created: set[Model]) -> bool:
    kind = type(operation).__name__
    if not type(operation).__module__.startswith("django."):
        return True
    if kind == "SeparateDatabaseAndState":
        return any(_depends(each, app, state, created) for each in operation.database_operations)
    if kind in ROWLESS:
        return False
    if kind in ("RunPython", "RunSQL"):
        return not does_nothing(operation)
    model = (app, str(getattr(operation, "model_name", None) or operation.name).lower())
    rule = RULES.get(kind)
    return model not in created and (rule is None or rule(operation, model, state))


def _remember(operation: Any, app: str, created: set[Model]) -> None:
    """Tables that the plan itself makes are empty when its later operations reach them."""
    for each in _flat(operation):
        kind = type(each).__name__
        if kind == "CreateModel":
            created.add((app, each.name.lower()))
        elif kind == "RenameModel" and (app, each.old_name.lower()) in created:
            created.add((app, each.new_name.lower()))


def _flat(operation: Any) -> Iterator[Any]:
    if type(operation).__name__ == "SeparateDatabaseAndState":
        for each in operation.database_operations:
            yield from _flat(each)
    else:
        yield operation


def _add_field(operation: Any, _model: Model, _state: Any) -> bool:
    from django.db.models import NOT_PROVIDED

    field = operation.field
    if field.many_to_many:
        return False
    if field.unique or getattr(field, "generated", False):
        return True
    given = field.has_default() or getattr(field, "db_default", NOT_PROVIDED) is not NOT_PROVIDED
    if field.remote_field is not None and given:
        return True
    empty_text = field.blank and field.empty_strings_allowed
    return not (field.null or given or empty_text)


def _alter_field(operation: Any, model: Model, state: Any) -> bool:
    old = state.models[model].fields[operation.name] if model in state.models else None
    before, after = _options(old) if old else {}, _options(operation.field)
    indexes = operation.field.db_index and not (old and old.db_index)
    tightens = any(_tightens(option, before, after) for option in set(before) | set(after))
    return tightens or (indexes and not fit([operation.field]))


def _options(field: Any) -> dict[str, Any]:
    _name, path, arguments, options = field.deconstruct()
    return dict(options, path=path, arguments=arguments)


def _tightens(option: str, before: dict[str, Any], after: dict[str, Any]) -> bool:
    old, new = before.get(option), after.get(option)
    if old == new or option in HARMLESS_OPTIONS:
        return False
    if option == "null":
        return not new
    if option in ("unique", "primary_key"):
        return bool(new)
    if option == "max_length" and isinstance(old, int):
        return new is not None and new < old
    return True


def _add_index(operation: Any, model: Model, state: Any) -> bool:
    """A plain index takes any row that is short; an expression may fail on one, and so may another type's limits."""
    index = operation.index
    if getattr(index, "expressions", ()) or getattr(index, "condition", None) or type(index).__name__ != "Index":
        return True
    names = [name for name, _order in index.fields_orders] + list(getattr(index, "include", None) or ())
    return not fit(_fields(model, state, names))


def _alter_index_together(operation: Any, model: Model, state: Any) -> bool:
    return not all(fit(_fields(model, state, group)) for group in _groups(operation.index_together))


def _fields(model: Model, state: Any, names: Iterable[str]) -> list[Any]:
    """None stands for a field that the state does not know."""
    known = state.models[model].fields if model in state.models else {}
    return [known.get(name) for name in names]


def _alter_unique_together(operation: Any, model: Model, state: Any) -> bool:
    before = state.models[model].options.get("unique_together", ()) if model in state.models else ()
    return bool(_groups(operation.unique_together) - _groups(before))


def _groups(together: Any) -> frozenset[Any]:
    return frozenset(tuple(group) for group in together or ())


def _describe(operation: Any) -> str:
    try:
        return str(operation.describe())
    except Exception:  # a project's own operation may not be able to
        return type(operation).__name__


RULES: dict[str, Callable[[Any, Model, Any], bool]] = {
    "AddField": _add_field,
    "AlterField": _alter_field,
    "AddIndex": _add_index,
    "AddIndexConcurrently": _add_index,
    "AlterIndexTogether": _alter_index_together,
    "AlterUniqueTogether": _alter_unique_together,
}
