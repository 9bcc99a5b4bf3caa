"""Each problem that a merge can make: what it is, what is none, and what the hint says to type."""

from __future__ import annotations

import pytest

from simulator.guard import checks
from tests.support.guarded import BLOG, Files, compare, judged, migration, model, problem, said

FIRST, TAG = "blog/migrations/0001_initial.py", "blog/migrations/0002_tag.py"
OURS = "blog/migrations/0002_ours.py"
BESIDE = {**BLOG, OURS: migration("blog.0001_initial")}
SHOP: Files = {"shop/migrations/0001_initial.py": migration(operations=model("Item"))}


def without(files: Files, *paths: str) -> dict[str, str]:
    return {path: text for path, text in files.items() if path not in paths}


def test_a_new_migration_on_top_is_no_problem() -> None:
    assert said({**BLOG, "blog/migrations/0003_slug.py": migration("blog.0002_tag")}) == {}
    assert said(BLOG) == {}


# --- migration-deleted ----------------------------------------------------------------------------


def test_a_migration_that_is_gone() -> None:
    one = problem(without(BLOG, TAG), "migration-deleted")
    assert one.migrations == ("blog.0002_tag",)
    assert [(place.path, place.line) for place in one.files] == [(TAG, 1)]
    assert one.message == "blog.0002_tag is gone; databases have recorded it"
    assert one.hint.startswith(f"git checkout main -- {TAG}; ")


def test_an_app_that_goes_as_a_whole() -> None:
    assert said({**SHOP, "manage.py": ""}, {**BLOG, **SHOP}) == {
        "migration-deleted": ("blog.0001_initial", "blog.0002_tag")
    }


@pytest.mark.parametrize("replaces", [("blog.0001_initial", "blog.0002_tag"), ()])
def test_also_where_a_squash_replaces_it(replaces: tuple[str, ...]) -> None:
    squash = migration(operations=model("Post"), replaces=replaces)
    found = said({"manage.py": "", "blog/migrations/0001_squashed.py": squash})
    assert found["migration-deleted"] == ("blog.0001_initial", "blog.0002_tag")


def test_a_folder_that_was_moved_is_no_deletion() -> None:
    moved = {path.replace("blog/", "apps/blog/"): text for path, text in BLOG.items()}
    assert said(moved) == {}
    project = {f"backend/{path}": text for path, text in BLOG.items()}
    assert said({f"server/{path}": text for path, text in BLOG.items()}, project) == {}


def test_what_is_no_migration_may_go() -> None:
    helper = {"blog/migrations/_helper.py": "X = 1\n", "blog/migrations/tools.py": "Y = 1\n"}
    assert said(BLOG, {**BLOG, **helper}) == {}


# --- migration-edited-after-base ------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        BLOG[TAG].replace("class Migration", "# a comment\nclass Migration"),
        BLOG[TAG].replace("[('blog', '0001_initial')]", "[\n        ('blog', '0001_initial'),\n    ]"),
        '"""Tags."""\n' + BLOG[TAG].replace("Migration):\n", 'Migration):\n    """Why."""\n\n'),
        BLOG[TAG].replace("'", '"'),
        "from __future__ import unicode_literals\n" + BLOG[TAG],
        BLOG[TAG].replace(
            "from django.db import migrations, models", "from django.db import models\nfrom django.db import migrations"
        ),
    ],
)
def test_layout_comments_and_docstrings_are_no_edit(text: str) -> None:
    assert said({**BLOG, TAG: text}) == {}


@pytest.mark.parametrize(
    "text",
    [
        migration("blog.0001_initial", operations=model("Label")),
        migration(operations=model("Tag")),
        migration("blog.0001_initial", operations=model("Tag"), replaces=["blog.0002_old"]),
        migration("blog.0001_initial", operations=model("Tag"), more="atomic = False"),
        BLOG[TAG] + "\n\ndef helper():\n    pass\n",
    ],
)
def test_whatever_else_is_changed_in_it_is_one(text: str) -> None:
    assert said({**BLOG, TAG: text})["migration-edited-after-base"] == ("blog.0002_tag",)


def test_an_edit_is_shown_at_its_line() -> None:
    text = BLOG[TAG].replace("operations = [", "atomic = False\n    operations = [")
    one = problem({**BLOG, TAG: text}, "migration-edited-after-base")
    assert text.splitlines()[one.files[0].line - 1].strip() == "atomic = False"
    assert one.hint.endswith("python manage.py makemigrations blog")


# --- two-leaves and duplicate-number --------------------------------------------------------------


def test_two_leaves_and_what_puts_the_branchs_one_behind() -> None:
    assert said(BESIDE) == {
        "two-leaves": ("blog.0002_ours", "blog.0002_tag"),
        "duplicate-number": ("blog.0002_ours", "blog.0002_tag"),
    }
    one = problem(BESIDE, "two-leaves")
    assert [place.path for place in one.files] == [OURS]
    assert one.hint.split("; ") == [
        "python manage.py makemigrations --merge blog",
        f"or, while the branch is not merged: git mv {OURS} blog/migrations/0003_ours.py",
        "have 0002_ours depend on ('blog', '0002_tag')",
        "a database that ran it under the old name: UPDATE django_migrations SET name = '0003_ours' "
        "WHERE app = 'blog' AND name = '0002_ours'",
    ]


def test_a_line_of_ours_is_renumbered_from_its_end() -> None:
    more = {**BESIDE, "blog/migrations/0003_more.py": migration("blog.0002_ours")}
    hint = problem(more, "two-leaves").hint
    assert hint.index("git mv blog/migrations/0003_more.py blog/migrations/0004_more.py") < hint.index(
        f"git mv {OURS} blog/migrations/0003_ours.py"
    )


def test_a_merge_migration_joins_them() -> None:
    merged = migration("blog.0002_ours", "blog.0002_tag")
    assert said({**BESIDE, "blog/migrations/0003_merge.py": merged}) == {}


def test_as_many_leaves_as_the_base_had_are_not_of_this_branch() -> None:
    assert said({**BESIDE, "shop/migrations/0001_initial.py": migration()}, BESIDE) == {}
    longer = {**BESIDE, "blog/migrations/0003_more.py": migration("blog.0002_ours")}
    assert said(longer, BESIDE) == {}


def test_a_squash_stands_for_what_it_replaces() -> None:
    squash = migration(operations=model("Post"), replaces=["blog.0001_initial", "blog.0002_tag"])
    assert said({**BLOG, "blog/migrations/0001_squashed_0002_tag.py": squash}) == {}


def test_one_number_in_one_line_is_no_duplicate() -> None:
    assert said({**BLOG, "blog/migrations/0002_later.py": migration("blog.0002_tag")}) == {}


def test_other_apps_have_their_own_leaves() -> None:
    other = {**BLOG, **SHOP, "shop/migrations/0002_sku.py": migration("shop.0001_initial", "blog.0001_initial")}
    assert said(other, {**BLOG, **SHOP}) == {}


# --- table-created-twice --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operations", "twice"),
    [
        (model("Label", db_table="blog_tag"), True),
        (model("Label"), False),
        (model("Label", db_table="blog_tag", managed=False), False),
        (model("Label", db_table="blog_tag", managed=True), True),
        (model("Label", proxy=True), False),
        (f"migrations.SeparateDatabaseAndState(state_operations=[{model('L', db_table='blog_tag')}])", False),
        (f"migrations.SeparateDatabaseAndState(database_operations=[{model('L', db_table='blog_tag')}])", True),
        ("migrations.CreateModel(NAME, [], options={'db_table': TABLE})", False),
    ],
)
def test_a_table_that_another_app_creates(operations: str, *, twice: bool) -> None:
    merged = {**BLOG, "shop/migrations/0001_initial.py": migration(operations=operations)}
    expected = {"table-created-twice": ("blog.0002_tag", "shop.0001_initial")} if twice else {}
    assert said(merged) == expected


def test_both_places_of_a_table_that_is_created_twice_are_shown() -> None:
    merged = {**BLOG, "shop/migrations/0001_initial.py": migration(operations=model("T", db_table="blog_tag"))}
    one = problem(merged, "table-created-twice")
    assert [place.path for place in one.files] == ["shop/migrations/0001_initial.py", TAG]


@pytest.mark.parametrize(
    "between",
    [
        "migrations.DeleteModel('Tag')",
        "migrations.RenameModel('Tag', 'Label')",
        "migrations.AlterModelTable('Tag', 'labels')",
        "migrations.RunSQL('DROP TABLE blog_tag')",
    ],
)
def test_a_table_that_was_taken_away_may_be_created_again(between: str) -> None:
    base = {**BLOG, "blog/migrations/0003_gone.py": migration("blog.0002_tag", operations=between)}
    again = migration("blog.0003_gone", operations=model("Tag"))
    assert said({**base, "blog/migrations/0004_again.py": again}, base) == {}


def test_two_branches_that_create_one_model() -> None:
    ours = migration("blog.0001_initial", operations=model("Tag"))
    assert said({**BLOG, OURS: ours})["table-created-twice"] == ("blog.0002_ours", "blog.0002_tag")


def test_a_table_of_the_base_alone_is_not_said() -> None:
    base = {**BLOG, "shop/migrations/0001_initial.py": migration(operations=model("T", db_table="blog_tag"))}
    assert said({**base, "blog/migrations/0003_slug.py": migration("blog.0002_tag")}, base) == {}


# --- missing-parent -------------------------------------------------------------------------------


def test_a_parent_that_is_not_there() -> None:
    merged = {**BLOG, "blog/migrations/0003_slug.py": migration("blog.0002_tags")}
    assert said(merged)["missing-parent"] == ("blog.0003_slug",)
    assert "depends on blog.0002_tags, which is not there" in problem(merged, "missing-parent").message


@pytest.mark.parametrize("parent", ["auth.0012_alter", "blog.__first__", "blog.0001_initial", "blog.0002_old"])
def test_parents_of_other_packages_and_replaced_ones_are_there(parent: str) -> None:
    squash = migration("blog.0001_initial", operations=model("Tag"), replaces=["blog.0002_old"])
    base = {**BLOG, TAG: squash}
    assert "missing-parent" not in said(
        {**base, "blog/migrations/0003_slug.py": migration("blog.0002_tag", parent)}, base
    )


def test_what_the_base_lacks_itself_is_not_said() -> None:
    base = {**BLOG, TAG: migration("blog.0001_initial", "blog.0001_lost", operations=model("Tag"))}
    assert said({**base, "blog/migrations/0003_slug.py": migration("blog.0002_tag")}, base) == {}


# --- max-migration-conflict -----------------------------------------------------------------------

MAX = "blog/migrations/max_migration.txt"


def test_the_file_that_names_no_leaf() -> None:
    merged = {**BLOG, MAX: "0001_initial\n"}
    one = problem(merged, "max-migration-conflict", {**BLOG, MAX: "0002_tag\n"})
    assert (one.migrations, one.files[0].path) == ((), MAX)
    assert "names 0001_initial, and blog ends in 0002_tag" in one.message


def test_a_file_that_was_wrong_before_is_not_of_this_branch() -> None:
    wrong = {**BLOG, MAX: "0001_initial\n"}
    assert said({**wrong, "blog/migrations/0003_slug.py": migration("blog.0002_tag")}, wrong) == {}
    assert said({**BLOG, MAX: "0002_tag\n"}, {**BLOG, MAX: "0002_tag\n"}) == {}


def test_git_stops_there() -> None:
    merged = {**BESIDE, MAX: "<<<<<<< main\n0002_tag\n=======\n0002_ours\n>>>>>>> ours\n"}
    found = judged(merged, {**BLOG, MAX: "0002_tag\n"}, [MAX])
    assert [one.id for one in found.problems] == ["two-leaves", "duplicate-number", "max-migration-conflict"]
    assert "rebase_migration blog" in found.problems[-1].hint


def test_every_id_has_a_check() -> None:
    found = {
        *said({**BESIDE, OURS: migration("blog.0001_initial", "blog.0009", operations=model("Tag"))}),
        *said(without(BLOG, TAG)),
        *said({**BLOG, TAG: migration()}),
        *said({**BLOG, MAX: "nothing"}),
    }
    assert found == set(checks.IDS)


def test_only_apps_whose_files_differ_are_looked_at() -> None:
    merged = {**BLOG, **SHOP, "shop/migrations/0002_sku.py": migration("shop.0001_initial")}
    assert [app.label for app in compare(merged, {**BLOG, **SHOP}).changed] == ["shop"]
