"""The order of a fix's steps follows the graph of migrations."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.fixes import route
from simulator.fixes.route import Mend
from simulator.model import MigrationFile, Step


def files(**parents: tuple[str, ...]) -> Mapping[str, MigrationFile]:
    named = {name.replace("__", "."): above for name, above in parents.items()}
    return {name: MigrationFile(name, parents=above) for name, above in named.items()}


def mend(*fakes: str, **more: object) -> Mend:
    return Mend("x", "X", (1,), fake=frozenset(fakes), **more)  # type: ignore[arg-type]


def commands(steps: tuple[Step, ...]) -> list[str]:
    return [" ".join(step.manage) or step.sql or step.person for step in steps]


SHOP = files(
    blog__1=(),
    blog__2=("blog.1",),
    blog__3=("blog.2",),
    shop__1=("blog.2",),
    shop__2=("shop.1",),
)
PENDING = ("blog.2", "shop.1", "shop.2", "blog.3")


def test_what_a_recorded_migration_stands_on_runs_first() -> None:
    found = route.steps([mend("shop.1")], PENDING, SHOP)
    assert commands(found) == ["migrate blog 2", "migrate shop 1 --fake", "migrate"]


def test_what_is_applied_already_is_never_named() -> None:
    """``migrate blog 2`` would unapply what was applied after it."""
    found = route.steps([mend("blog.3")], ("blog.3",), SHOP)
    assert commands(found) == ["migrate blog 3 --fake", "migrate"]


def test_recording_the_last_of_a_row_records_them_all() -> None:
    found = route.steps([mend("blog.2"), mend("shop.1"), mend("shop.2")], PENDING, SHOP)
    assert commands(found) == ["migrate shop 2 --fake", "migrate"]


def test_content_types_are_recorded_to_their_end_before_what_stands_on_an_earlier_state_of_theirs() -> None:
    graph = files(contenttypes__1=(), contenttypes__2=("contenttypes.1",), auth__1=("contenttypes.1",))
    found = route.steps([mend(*graph)], tuple(graph), graph)
    assert commands(found) == ["migrate contenttypes 2 --fake", "migrate auth 1 --fake", "migrate"]


def test_a_real_one_between_two_recorded_ones_runs_between() -> None:
    found = route.steps([mend("blog.2"), mend("shop.2")], PENDING, SHOP)
    assert commands(found) == ["migrate blog 2 --fake", "migrate shop 1", "migrate shop 2 --fake", "migrate"]


def test_missing_pieces_are_made_just_before_their_migration_is_recorded() -> None:
    complete = {"shop.2": ("ALTER TABLE a", "CREATE INDEX b")}
    found = route.steps([mend("blog.2"), mend("shop.2", complete=complete)], PENDING, SHOP)
    assert commands(found) == [
        "migrate blog 2 --fake",
        "migrate shop 1",
        "ALTER TABLE a;\nCREATE INDEX b",
        "migrate shop 2 --fake",
        "migrate",
    ]


def test_the_history_is_mended_before_all_and_its_rows_count_as_applied() -> None:
    found = route.steps(
        [mend(history=("INSERT",), recorded=frozenset({"blog.2"})), mend("shop.1", clear=("DROP INDEX",))],
        PENDING,
        SHOP,
    )
    assert commands(found) == ["INSERT", "DROP INDEX", "migrate shop 1 --fake", "migrate"]


def test_what_never_ran_runs_before_the_rows_above_it_are_put_back() -> None:
    run = mend(history=("DELETE",), run=frozenset({"blog.2", "shop.1"}), back=("INSERT",))
    assert commands(route.steps([run], PENDING, SHOP)) == ["DELETE", "migrate shop 1", "INSERT", "migrate"]
    alone = mend(history=("DELETE",), run=frozenset({"shop.1"}), back=("INSERT",))
    both = route.steps([alone, mend("shop.2"), mend("blog.2")], PENDING, SHOP)
    assert commands(both) == [
        "DELETE",
        "migrate blog 2 --fake",
        "migrate shop 1",
        "INSERT",
        "migrate shop 2 --fake",
        "migrate",
    ]


def test_options_end_every_migrate() -> None:
    found = route.steps([mend("shop.1")], PENDING, SHOP, ("--database=other",))
    assert commands(found) == [
        "migrate blog 2 --database=other",
        "migrate shop 1 --fake --database=other",
        "migrate --database=other",
    ]


def test_what_only_a_person_can_do_comes_before_the_last_migrate() -> None:
    assert commands(route.steps([mend(person="decide")], PENDING, SHOP)) == ["decide", "migrate"]
