"""What is meant, what could not be told, and what follows for the exit code."""

from __future__ import annotations

import pytest

from simulator.errors import ExitCode, UsageError
from simulator.guard.judging import Judged, judge, parse_allowed
from simulator.sources.git_bases import Base
from tests.support.guarded import BLOG, compare, judged, migration, model

TAG, OURS = "blog/migrations/0002_tag.py", "blog/migrations/0002_ours.py"
BESIDE = {**BLOG, OURS: migration("blog.0001_initial")}


def ids(found: Judged) -> tuple[list[str], list[tuple[str, str]]]:
    return [one.id for one in found.problems], [(one.id, reason) for one, reason in found.ignored]


@pytest.mark.parametrize("option", ["two-leaves", "two-leaves:blog.0002_ours", "two-leaves:blog.0002_tag"])
def test_an_option_allows_a_problem(option: str) -> None:
    found = judged(BESIDE, allowed=[option])
    assert ids(found) == (["duplicate-number"], [("two-leaves", "")])


def test_an_option_for_another_migration_does_not() -> None:
    assert ids(judged(BESIDE, allowed=["two-leaves:blog.0001_initial"]))[1] == []


@pytest.mark.parametrize("wrong", ["two-leaf", "two-leaves:blog", ""])
def test_an_option_that_means_nothing_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError):
        parse_allowed(wrong)


def test_a_comment_allows_it_with_its_reason() -> None:
    comment = "# migsim: ignore duplicate-number: both are in production\n"
    found = judged({**BESIDE, OURS: comment + BESIDE[OURS]})
    assert ids(found) == (["two-leaves"], [("duplicate-number", "both are in production")])


@pytest.mark.parametrize("comment", ["# migsim: ignore duplicate-number\n", "# migsim: ignore duplicate-number:\n"])
def test_a_comment_without_a_reason_does_not(comment: str) -> None:
    assert ids(judged({**BESIDE, OURS: comment + BESIDE[OURS]}))[1] == []


def test_of_what_is_gone_a_comment_in_the_app_speaks() -> None:
    squash = "# migsim: ignore migration-deleted: every database has the squash\n" + migration(operations=model("Post"))
    found = judged({"manage.py": "", "blog/migrations/0001_squashed.py": squash})
    assert found.exit_code == ExitCode.SAFE
    assert [reason for _, reason in found.ignored] == ["every database has the squash"]


# --- what can't be told ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("class Migration(:\n", "can't be parsed (line 1)"),
        (migration().replace("dependencies = []", "dependencies = compute()"), "computes what it depends on"),
        (
            migration().replace("dependencies = []", "dependencies = [(APP, '0001_initial')]"),
            "computes what it depends on",
        ),
        (migration().replace("dependencies = []", "dependencies = [*BASE]"), "computes what it depends on"),
    ],
)
def test_a_migration_that_cannot_be_read(text: str, why: str) -> None:
    found = judged({**BESIDE, OURS: text})
    assert found.not_checked == (f"{OURS} {why}: the leaves of blog",)
    assert "two-leaves" not in ids(found)[0]


def test_swappable_dependencies_are_the_settings_matter() -> None:
    text = migration().replace(
        "dependencies = []", "dependencies = [migrations.swappable_dependency(X), ('blog', '0002_tag')]"
    )
    assert judged({**BLOG, "blog/migrations/0003_user.py": text}).not_checked == ()


@pytest.mark.parametrize(
    "operations",
    [
        "operations = make()",
        "operations = [model(name) for name in NAMES]",
        "operations = []\n    for name in NAMES:\n        operations.append(name)",
    ],
)
def test_a_loop_that_makes_operations(operations: str) -> None:
    text = migration("blog.0002_tag").replace("operations = []", operations)
    found = judged({**BLOG, "blog/migrations/0003_loop.py": text})
    assert found.not_checked == ("blog/migrations/0003_loop.py computes its operations: which tables it makes",)
    assert found.exit_code == ExitCode.SAFE
    # One that the base has as well is none of this branch's.
    base = {**BLOG, "blog/migrations/0003_loop.py": text}
    assert judged({**base, "blog/migrations/0004_x.py": migration("blog.0003_loop")}, base).not_checked == ()


def test_without_a_base_the_branch_is_looked_at_alone() -> None:
    found = judged(BESIDE, None)
    assert ids(found)[0] == ["two-leaves"]
    assert found.not_checked == (
        "nothing to compare with: migration-deleted, migration-edited-after-base, duplicate-number",
    )


def test_after_a_conflict_in_a_migration_only_the_branchs_own_changes_are_said() -> None:
    marks = {**BLOG, TAG: "<<<<<<< main\n=======\n>>>>>>> ours\n"}
    edited = {**BLOG, TAG: migration("blog.0001_initial", operations=model("Label"))}
    compared = compare(marks, BLOG, [TAG])
    stopped = judge(None, compared, stopped=compare(edited))
    assert ids(stopped)[0] == ["migration-edited-after-base"]
    assert stopped.not_checked == (
        f"git stops in migration files ({TAG}), so: two-leaves, duplicate-number, table-created-twice, missing-parent",
    )
    nothing = judge(None, compared, stopped=compare(BLOG))
    assert (nothing.problems, nothing.exit_code) == ((), ExitCode.CANNOT_TELL)


def test_what_was_asked_for_and_is_not_here_is_unknown() -> None:
    found = judge(Base("main", None), compare(BLOG, None), complete=False)
    assert found.exit_code == ExitCode.CANNOT_TELL
    assert judge(Base("main", None), compare(BESIDE, None), complete=False).exit_code == ExitCode.WOULD_FAIL
