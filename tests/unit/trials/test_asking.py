"""What a person is asked, in words alone: where nothing was run, nothing is printed to be run."""

from __future__ import annotations

from simulator.model import ROWS, VALUES, Fix, Step
from simulator.trials import asking

QUERY = 'SELECT * FROM "t" WHERE "a" IS NULL'


def fix(*steps: Step) -> Fix:
    return Fix("mend-data", "Decide", steps)


def test_what_was_not_run_is_left_out_and_the_words_stay() -> None:
    asked = fix(
        Step(manage=("migrate", "blog", "0002")),
        Step(person=f"decide on a value in {ROWS} with NULL", query=QUERY),
        Step(person=f"decide which to keep: {VALUES}", query=QUERY, statement="GRANT x TO y"),
        Step(sql="SELECT 1"),
    )
    assert asking.has_to_run(asked)
    told = asking.in_words(asked)
    assert told.steps == (
        Step(manage=("migrate", "blog", "0002")),
        Step(person="decide on a value in the rows with NULL"),
        Step(person="decide which to keep: which are not there yet, or not counted"),
        Step(sql="SELECT 1"),
    )
    assert not asking.has_to_run(told)
