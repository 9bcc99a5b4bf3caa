"""Why a root is there: one module a cause, asked in an explicit order. Functions from facts to a cause.

What the restore did and what the code does by itself come before what the database is blamed for; then
django_migrations, what is broken or of another kind, what the history and the repository tell of other migrations, a
row that is lost, and only then what merely stands there. ``docs/causes.md`` has a section for each.
"""

from __future__ import annotations

from typing import Protocol

from simulator.causes import (
    app_moved,
    check_violated,
    code,
    code_on_data,
    column_exists,
    concurrent_migrate,
    conflicting_leaves,
    constraint_exists,
    dependent_trigger,
    dependent_view,
    duplicate_values,
    edited_after_applied,
    extension_elsewhere,
    extension_exists,
    half_applied,
    half_restored,
    history_cannot_record,
    history_missing,
    history_not_a_table,
    identity_column,
    inconsistent_history,
    index_exists,
    invalid_index,
    leftover_names,
    lost_record,
    made_by_hand,
    made_twice,
    missing_column,
    missing_constraint,
    missing_dependency,
    missing_extension,
    missing_table,
    models_of_today,
    node_not_found,
    null_values,
    object_exists,
    orphan_rows,
    other_branch,
    other_kind,
    ownership,
    pending_triggers,
    post_migrate_missing_table,
    post_migrate_sequence,
    read_only,
    record_interrupted,
    recorded_not_run,
    regenerated,
    relation_exists,
    rename_target,
    renumbered,
    restored_over_data,
    same_ddl,
    schema_exists,
    search_path,
    sequence_behind,
    squash_by_memory,
    squash_half_applied,
    squash_not_replaced,
    tenant_schema_gone,
    type_exists,
    unexplained,
    unique_by_code,
    value_does_not_fit,
)
from simulator.findings.case import Case
from simulator.model import Cause


class CauseModule(Protocol):
    """A module that may know why one root is there."""

    ID: str
    TITLE: str

    def explain(self, case: Case) -> Cause | None: ...


# The first that answers names the cause.
CAUSES: tuple[CauseModule, ...] = (
    # One of several schemas.
    tenant_schema_gone,
    # The restore itself.
    restored_over_data,
    half_restored,
    # The code, which fails from nothing too.
    squash_half_applied,
    node_not_found,
    conflicting_leaves,
    leftover_names,
    made_twice,
    half_applied,
    pending_triggers,
    extension_elsewhere,
    missing_extension,
    code,
    # django_migrations.
    history_not_a_table,
    history_cannot_record,
    inconsistent_history,
    # Who runs it, and where.
    ownership,
    read_only,
    concurrent_migrate,
    search_path,
    # After the migrations.
    post_migrate_sequence,
    post_migrate_missing_table,
    # What is broken, of another kind, or a rename's other end.
    invalid_index,
    other_kind,
    rename_target,
    # Other migrations, by the history and the repository.
    squash_by_memory,
    squash_not_replaced,
    app_moved,
    renumbered,
    same_ddl,
    regenerated,
    other_branch,
    edited_after_applied,
    # A history without rows, or without one.
    history_missing,
    record_interrupted,
    lost_record,
    # What stands there and is no migration's.
    extension_exists,
    schema_exists,
    made_by_hand,
    column_exists,
    constraint_exists,
    index_exists,
    type_exists,
    relation_exists,
    object_exists,
    # What is not there.
    missing_dependency,
    models_of_today,
    recorded_not_run,
    missing_constraint,
    missing_table,
    missing_column,
    # Rows.
    sequence_behind,
    code_on_data,
    unique_by_code,
    null_values,
    duplicate_values,
    orphan_rows,
    check_violated,
    value_does_not_fit,
    identity_column,
    dependent_trigger,
    dependent_view,
)


def name_cause(case: Case) -> Cause:
    """The first cause that explains the root. What stands on the sandbox's limits blames nobody."""
    broken = case.situation.reference.failure
    if case.failure.sandbox or (broken is not None and broken.sandbox):
        return unexplained.explain(case)
    found = (module.explain(case) for module in CAUSES)
    return next((cause for cause in found if cause is not None), None) or unexplained.explain(case)
