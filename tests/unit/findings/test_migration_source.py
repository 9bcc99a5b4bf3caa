"""What a migration's source says without being run."""

from __future__ import annotations

import pytest

from simulator.findings import migration_source

HEAD = "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n"


def text(*operations: str, head: str = HEAD) -> str:
    return f"{head}    dependencies = []\n    operations = [\n        {', '.join(operations)}\n    ]\n"


TAG = 'migrations.CreateModel(name="Tag", fields=[("id", models.AutoField()), ("name", models.TextField())])'
SLUG = 'migrations.AddField(model_name="post", name="slug", field=models.SlugField(max_length=40))'


def test_layout_comments_and_the_order_of_keywords_are_no_operations() -> None:
    other = text(SLUG.replace('model_name="post", name="slug"', "name='slug',  # new\n model_name='post'"))
    assert migration_source.same(text(SLUG), other)
    assert not migration_source.changed(text(SLUG), other)


def test_how_a_class_was_imported_is_no_operation() -> None:
    bare = SLUG.replace("migrations.", "").replace("models.", "")
    assert migration_source.same(text(SLUG), text(bare, head="from x import *\nclass Migration(M):\n"))


def test_an_argument_is_part_of_an_operation() -> None:
    other = text(SLUG.replace("40", "64"))
    assert not migration_source.same(text(SLUG), other)
    assert migration_source.changed(text(SLUG), other)


def test_a_file_nested_beyond_all_measure_says_nothing() -> None:
    deep = f"A = {'-' * 200_000}1\n"
    assert not migration_source.same(deep, deep)


def test_two_without_operations_are_not_the_same() -> None:
    assert not migration_source.same(text(), text())
    assert not migration_source.contains(text(TAG), text())


@pytest.mark.parametrize("broken", ["def", "", "class Migration:\n    pass\n", "\0", None])
def test_what_can_not_be_read_says_nothing(broken: str | None) -> None:
    assert not migration_source.same(broken, text(TAG))
    assert not migration_source.changed(broken, text(TAG))
    assert migration_source.made(broken, "blog") == frozenset()
    assert migration_source.models(broken) == frozenset()


def test_one_may_hold_the_other() -> None:
    assert migration_source.contains(text(SLUG, TAG), text(TAG))
    assert not migration_source.contains(text(TAG), text(SLUG, TAG))


def test_a_list_may_be_a_tuple_or_have_a_type() -> None:
    typed = f"class Migration(M):\n    operations: list = ({TAG},)\n"
    assert migration_source.same(typed, text(TAG))


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (TAG, {"blog_tag", "blog_tag.id", "blog_tag.name"}),
        ('migrations.CreateModel("T", [], options={"db_table": "legacy"})', {"legacy"}),
        ('migrations.CreateModel("T", [("on", models.ForeignKey("x", models.CASCADE))])', {"blog_t", "blog_t.on_id"}),
        ('migrations.CreateModel("T", [("tags", models.ManyToManyField("Tag"))])', {"blog_t", "blog_t_tags"}),
        (SLUG, {"blog_post.slug"}),
        ('migrations.AddField("post", "s", models.TextField(db_column="slug"))', {"blog_post.slug"}),
        ('migrations.AddIndex("post", models.Index(fields=["slug"], name="by_slug"))', {"by_slug"}),
        ('migrations.AddConstraint("post", models.UniqueConstraint(fields=["slug"], name="uq"))', {"uq"}),
        ('migrations.RenameModel("Post", "Article")', {"blog_article"}),
        ('migrations.RenameField("post", "old", "new")', {"blog_post.new"}),
        ('migrations.AlterModelTable("post", "posts")', {"posts"}),
        ('migrations.RenameIndex("post", new_name="by_new", old_name="by_old")', {"by_new"}),
        (
            'migrations.RunSQL("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS by_slug ON blog_post (slug)")',
            {"by_slug"},
        ),
        ('migrations.RunSQL("CREATE TABLE public.audit (id int)")', {"audit"}),
        ('migrations.RunSQL(["ALTER TABLE blog_post ADD COLUMN slug text"])', {"blog_post.slug"}),
        ('migrations.RunSQL("ALTER TABLE ONLY blog_post ADD CONSTRAINT uq UNIQUE (slug)")', {"uq"}),
        ('migrations.RunSQL("UPDATE blog_post SET slug = 1")', set()),
        (f"migrations.SeparateDatabaseAndState([{SLUG}], [{TAG}])", {"blog_post.slug"}),
        ("migrations.RunPython(forwards)", set()),
        ("*shared.OPERATIONS", set()),
    ],
)
def test_the_names_of_what_is_made(operation: str, expected: set[str]) -> None:
    assert migration_source.made(text(operation), "blog") == expected


def test_a_table_of_another_name_is_known_from_elsewhere_or_from_before() -> None:
    assert migration_source.made(text(SLUG), "blog", {"blog.post": "posts"}) == {"posts.slug"}
    first = 'migrations.CreateModel("Post", [], options={"db_table": "posts"})'
    assert migration_source.made(text(first, SLUG), "blog") == {"posts", "posts.slug"}


def test_models_with_their_fields() -> None:
    assert migration_source.models(text(TAG, SLUG)) == {("tag", frozenset({"id", "name"}))}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("from blog.models import Post", True),
        ("from blog.models.post import Post", True),
        ("from ..models import Post", True),
        ("from blog import models", True),
        ("import blog.models", True),
        ("def fill(apps, editor):\n    from blog.models import Post", True),
        ("from django.db import migrations, models", False),
        ("from django.contrib.auth.models import User", False),
        ("import blog.fields", False),
        ("from (", False),
    ],
)
def test_imports_of_the_projects_models(line: str, *, found: bool) -> None:
    assert bool(migration_source.imported_models(f"{line}\n")) == found
