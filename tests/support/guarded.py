"""Trees of migration files by hand, compared as the guard does after git has merged them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simulator.guard.checks import Comparison, Problem
from simulator.guard.judging import Judged, judge, parse_allowed
from simulator.guard.layout import Layout, Tree, read_layout

Files = Mapping[str, str]


def migration(*parents: str, operations: str = "", more: str = "", replaces: Sequence[str] = ()) -> str:
    """The text of one; ``parents`` and ``replaces`` are "app.name"."""

    def keys(names: Sequence[str]) -> str:
        return ", ".join(str(tuple(name.split("."))) for name in names)

    lines = [
        "from django.db import migrations, models",
        "",
        "",
        "class Migration(migrations.Migration):",
        *([f"    replaces = [{keys(replaces)}]"] if replaces else []),
        f"    dependencies = [{keys(parents)}]",
        *([f"    {more}"] if more else []),
        f"    operations = [{operations}]",
    ]
    return "\n".join(lines) + "\n"


def model(name: str, **options: object) -> str:
    """A CreateModel."""
    given = f", options={options!r}" if options else ""
    return f"migrations.CreateModel('{name}', [('id', models.AutoField(primary_key=True))]{given})"


BLOG: Files = {
    "manage.py": "",
    "blog/migrations/__init__.py": "",
    "blog/migrations/0001_initial.py": migration(operations=model("Post")),
    "blog/migrations/0002_tag.py": migration("blog.0001_initial", operations=model("Tag")),
}


def layout(files: Files) -> Layout:
    """A blob is its own text."""
    return read_layout(Tree(dict(files), lambda blob: blob))


def compare(merged: Files, base: Files | None = BLOG, conflicts: Sequence[str] = ()) -> Comparison:
    return Comparison(layout(merged), None if base is None else layout(base), "main", tuple(conflicts))


def judged(
    merged: Files, base: Files | None = BLOG, conflicts: Sequence[str] = (), allowed: Sequence[str] = ()
) -> Judged:
    return judge(None, compare(merged, base, conflicts), allowed=tuple(map(parse_allowed, allowed)))


def said(merged: Files, base: Files | None = BLOG) -> dict[str, tuple[str, ...]]:
    """The migrations of each problem."""
    return {one.id: one.migrations for one in judged(merged, base).problems}


def problem(merged: Files, found: str, base: Files | None = BLOG) -> Problem:
    (one,) = (each for each in judged(merged, base).problems if each.id == found)
    return one
