"""What another app's pending migration makes, and no dependency says so."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import fixes
from simulator.findings import order
from simulator.findings.case import Case
from simulator.fixes.route import Mend
from tests.support.facts import column, delta
from tests.support.situations import DELTAS, FILES, INITIAL, cause, failure, file, operation, situation

# In the plan's order: blog.0002_tag, blog.0003_slug, stock.0002_weight.
STOCK, WEIGHT = "stock.0001_initial", "stock.0002_weight"
COUNT = operation("RunPython", "Count the kinds", code=True)
KIND = operation("CreateModel", "Create model Kind", "stock_kind")
COUNTS = file("blog.0002_tag", COUNT, parents=(INITIAL,))
KINDS = file(STOCK, KIND)
ADDS = file(WEIGHT, operation("AddField", "Add weight", "stock_kind"), parents=(STOCK,))
FILLS = file(WEIGHT, operation("RunPython", "Fill the kinds", "stock_kind", code=True), parents=(STOCK,))
MADE = (*DELTAS, delta(WEIGHT, column("stock_kind", "weight", "integer")))
NO_WEIGHT = failure("blog.0002_tag", "42703", "stock_kind", column_name="weight", operation=COUNT.text)
NO_KIND = failure("blog.0002_tag", None, operation=COUNT.text, exception="stock.models.Kind.DoesNotExist")
ASKS = 'apps.get_model("stock", "Kind")'


def given(**more: Any) -> dict[str, Any]:
    later = more.pop("later", ADDS)
    files = (FILES[0], COUNTS, FILES[2], KINDS, later)
    return {"applied": (INITIAL, STOCK), "files": files, "deltas": MADE, **more}


def test_a_column_that_another_app_makes_later() -> None:
    found = cause(NO_WEIGHT, **given())
    assert (found.id, found.confidence) == ("missing-dependency", "certain")
    assert (
        found.evidence[0]
        == "blog.0002_tag asks for stock_kind.weight, which stock.0002_weight makes, later in the plan"
    )
    mend = first_mend(NO_WEIGHT, **given())
    assert mend.fix == "migrate-first"
    assert mend.run == {WEIGHT}
    assert 'add dependencies = [("stock", "0002_weight")] to blog/migrations/0002_tag.py' in mend.note


def test_code_that_imports_todays_models_is_named_first_and_tried_as_well() -> None:
    more = given(texts={"blog.0002_tag": "from stock.models import Kind\n"})
    assert cause(NO_WEIGHT, **more).id == "models-of-today"
    assert "apps.get_model, not by import" in first_mend(NO_WEIGHT, **more).note


@pytest.mark.parametrize(
    ("texts", "tried"),
    [
        ({"blog.0002_tag": ASKS, WEIGHT: ASKS}, (WEIGHT,)),
        ({"blog.0002_tag": ASKS, WEIGHT: "INSERT INTO stock_kind"}, (WEIGHT,)),
        ({"blog.0002_tag": ASKS, WEIGHT: "UPDATE stock_other"}, ()),
        ({"blog.0002_tag": "", WEIGHT: ASKS}, ()),
    ],
)
def test_rows_of_a_table_on_which_both_work(texts: dict[str, str], tried: tuple[str, ...]) -> None:
    """Whether it was these only a trial tells: until then no cause is made of it."""
    where = situation(NO_KIND, **given(later=FILLS, texts=texts))
    assert order.may_come_first(Case(where, where.roots[0])) == tried
    assert cause(NO_KIND, **given(later=FILLS, texts=texts)).id == "code-on-data"


def test_what_stands_on_it_can_not_come_before_it() -> None:
    later = file(WEIGHT, FILLS.operations[0], parents=(STOCK, "blog.0002_tag"))
    where = situation(NO_KIND, **given(later=later, texts={"blog.0002_tag": ASKS, WEIGHT: ASKS}))
    assert order.may_come_first(Case(where, where.roots[0])) == ()


def first_mend(*met: Any, **more: Any) -> Mend:
    where = situation(*met, **more)
    return fixes.mends(Case(where, where.roots[0]))[0]
