"""Which operations a row can stop."""

from __future__ import annotations

import pytest
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models
from django.db.migrations.state import ProjectState
from migsim_probe.operations import data_dependent


class Own(migrations.AlterModelOptions):
    """A project's own operation, of which nothing is known."""


def before() -> ProjectState:
    state = ProjectState()
    fields = [
        ("id", models.BigAutoField(primary_key=True)),
        ("name", models.CharField(max_length=20)),
        ("note", models.TextField(null=True)),
    ]
    migrations.CreateModel("Author", fields).state_forwards("app", state)
    return state


def is_dependent(*operations: object) -> bool:
    migration = migrations.Migration("0002_x", "app")
    migration.operations = list(operations)
    return bool(data_dependent([migration], before()))


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("author", "age", models.IntegerField(null=True)),
        migrations.AddField("author", "age", models.IntegerField(default=0)),
        migrations.AddField("author", "bio", models.TextField(blank=True)),
        migrations.AddField("author", "boss", models.ForeignKey("app.Author", models.CASCADE, null=True)),
        migrations.AddField("author", "friends", models.ManyToManyField("app.Author")),
        migrations.AlterField("author", "name", models.CharField(max_length=40, help_text="longer")),
        migrations.AlterField("author", "name", models.CharField(max_length=20, null=True)),
        migrations.AddIndex("author", models.Index(fields=["name"], name="i")),
        migrations.AddIndex("author", models.Index(fields=["name", "-id"], name="i2")),
        migrations.AlterField("author", "name", models.CharField(max_length=20, db_index=True)),
        migrations.RemoveField("author", "note"),
        migrations.RunPython(migrations.RunPython.noop),
        migrations.RunSQL(migrations.RunSQL.noop),
        migrations.SeparateDatabaseAndState(state_operations=[migrations.RunSQL("SELECT 1")]),
        migrations.DeleteModel("Author"),
        TrigramExtension(),
    ],
    ids=lambda operation: operation.describe(),
)
def test_no_row_can_stop_it(operation: object) -> None:
    assert not is_dependent(operation)


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("author", "age", models.IntegerField()),
        migrations.AddField("author", "code", models.IntegerField(null=True, unique=True)),
        migrations.AddField("author", "boss", models.ForeignKey("app.Author", models.CASCADE, default=1)),
        migrations.AlterField("author", "note", models.TextField()),
        migrations.AlterField("author", "name", models.CharField(max_length=10)),
        migrations.AlterField("author", "name", models.IntegerField()),
        migrations.AlterField("author", "name", models.CharField(max_length=20, unique=True)),
        migrations.AlterUniqueTogether("author", {("name", "note")}),
        migrations.AddConstraint("author", models.UniqueConstraint(fields=["name"], name="uq")),
        migrations.AddIndex("author", models.Index(fields=["note"], name="i")),
        migrations.AddIndex("author", models.Index(fields=["name"], include=["note"], name="i")),
        migrations.AlterField("author", "note", models.TextField(null=True, db_index=True)),
        migrations.RunPython(print),
        migrations.RunSQL("SELECT 1"),
        migrations.SeparateDatabaseAndState(database_operations=[migrations.RunSQL("SELECT 1")]),
        Own("author", {}),
    ],
    ids=lambda operation: operation.describe(),
)
def test_a_row_may_stop_it(operation: object) -> None:
    assert is_dependent(operation)


def test_what_the_plan_makes_itself_is_empty() -> None:
    create = migrations.CreateModel("Book", [("id", models.BigAutoField(primary_key=True))])
    rename = migrations.RenameModel("Book", "Novel")
    assert not is_dependent(create, rename, migrations.AddField("novel", "age", models.IntegerField()))


def test_each_is_named() -> None:
    migration = migrations.Migration("0002_x", "app")
    migration.operations = [migrations.RunSQL("SELECT 1")]
    assert data_dependent([migration], before()) == ["app.0002_x: Raw SQL operation"]
