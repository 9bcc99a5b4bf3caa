"""What a tired person reads of roots and fixes."""

from __future__ import annotations

from dataclasses import replace

from rich.text import Text

from simulator import reports
from simulator.model import (
    Cause,
    Existing,
    Failure,
    Finding,
    Fix,
    FixOutcome,
    Phase,
    Proof,
    Report,
    Shape,
    Step,
    Verdict,
)

TAGS = Failure("E", 'relation "blog_tag" already exists', Phase.OPERATION, "blog.0003_tags", sqlstate="42P07")
SKU = Failure("E", 'column "sku" …', Phase.OPERATION, "shop.0007_sku", sqlstate="42701")
TABLE = Existing("table", "blog_tag", "public", shape=Shape.SAME, rows=4212)
COLUMN = Existing(
    "column", "sku", "public", "shop_order", Shape.DIFFERS, ("varchar(32), the migration makes varchar(64)",)
)
FINDINGS = (
    Finding(1, TAGS, existing=TABLE, cause=Cause("lost-record", "history row lost", "likely", ("no row for it",))),
    Finding(2, replace(TAGS, migration="blog.0004_slug"), root=False, cascade_of=1),
    Finding(3, SKU, existing=COLUMN, cause=Cause("other-branch", "another branch's", "certain", ("not on disk",))),
)
PLAN = Fix(
    "fix-plan",
    "Record and alter",
    (
        Step(manage=("migrate", "blog", "0002_body")),
        Step(manage=("migrate", "blog", "0003_tags", "--fake")),
        Step(sql='ALTER TABLE "shop_order" ALTER "sku" TYPE varchar(64);\nSELECT 1'),
        Step(manage=("migrate",)),
    ),
    FixOutcome.WORKS,
    recommended=True,
    seconds=3.2,
)
REFUSED = (
    Fix("fake-everything", "migrate --fake", (), FixOutcome.DRIFTS, drift=("blog_post lacks column nick",)),
    Fix("fake-initial", "migrate --fake-initial", (), FixOutcome.FAILS, note="at blog.0003_tags: 42P07"),
    Fix("drop", "drop blog_tag", (), FixOutcome.LOSES_DATA, rows_lost={"public.blog_tag": 4212}),
    Fix("works-too", "something else", (), FixOutcome.WORKS),
)
REPORT = Report("prod-copy", Verdict.WOULD_FAIL, 1, failure=TAGS, findings=FINDINGS, fixes=(PLAN, *REFUSED))


def shown(report: Report) -> str:
    return Text.from_markup("\n".join(reports.to_text(report))).plain


def test_roots_in_order_with_why_and_what_differs() -> None:
    assert """\
2 root problems, 1 follow-on (blog.0004_slug, from #1)

#1 blog.0003_tags    table public.blog_tag, 4,212 rows
   Why     history row lost (likely)
           no row for it
#3 shop.0007_sku    column public.shop_order.sku
   Why     another branch's
           not on disk
   Differs varchar(32), the migration makes varchar(64)
""" in shown(REPORT)


def test_the_fix_that_works_as_steps_and_what_was_refused_in_a_line_each() -> None:
    assert """\
FIX  tried on a clone: works, 0 rows lost, schema matches, 3.2 s
  Record and alter
  1. python manage.py migrate blog 0002_body
  2. python manage.py migrate blog 0003_tags --fake
  3. ALTER TABLE "shop_order" ALTER "sku" TYPE varchar(64);
     SELECT 1;
  4. python manage.py migrate

Refused  migrate --fake          exits 0, but blog_post lacks column nick
         migrate --fake-initial  still fails at blog.0003_tags: 42P07
         drop blog_tag           loses 4,212 rows of public.blog_tag""" in shown(REPORT)


def test_of_many_statements_the_first_are_shown_whole_and_the_rest_counted() -> None:
    long = f"ALTER TABLE t {'x' * 300}"
    steps = (Step(sql=";\n".join([long, *(f"SELECT {number}" for number in range(2, 12))])),)
    text = shown(replace(REPORT, fixes=(replace(PLAN, steps=steps),)))
    assert f"  1. {long};\n     SELECT 2;\n" in text
    assert "SELECT 8;\n     -- and 3 more statements: migsim fix prod-copy writes them all" in text


def test_where_a_person_must_decide_their_steps_are_said() -> None:
    person = Fix("mend-data", "Decide", (Step(person="mend the rows; SELECT 1"), Step(manage=("migrate",))))
    told = shown(replace(REPORT, fixes=(replace(person, note="without a person it fails at x"), REFUSED[0])))
    assert (
        """\
NO FIX that needs no person:
  1. mend the rows; SELECT 1
  2. python manage.py migrate
  Note: without a person it fails at x"""
        in told
    )


def test_two_plans_between_which_only_a_person_can_decide_are_both_shown() -> None:
    record, run = (
        replace(PLAN, id=name, recommended=False, mends=(1,), steps=(Step(person=asked), Step(manage=("migrate",))))
        for name, asked in (("fake-exactly", "has it run?"), ("run-missing", "has it not run?"))
    )
    fake = replace(record, id="fake-everything", mends=(), steps=(Step(person="has all of it run?"),))
    told = shown(replace(REPORT, fixes=(record, run, fake)))
    assert (
        """\
NO FIX that needs no person:
  1. has it run?
  2. python manage.py migrate
OR, tried as well:
  1. has it not run?
  2. python manage.py migrate
"""
        in told
    )
    assert "has all of it run?" not in told


def test_the_proofs_of_what_is_recorded_are_said_in_words() -> None:
    proof = Proof("blog.0003_tags", "history", "django_migrations gave out id 3, which no row has")
    told = shown(replace(REPORT, fixes=(replace(PLAN, proofs=(proof,)),)))
    assert "Proof: blog.0003_tags has done its work: django_migrations gave out id 3, which no row has" in told


def test_what_nobody_tried_says_so() -> None:
    plan = replace(PLAN, recommended=False, outcome=FixOutcome.NOT_TRIED)
    assert "FIX  not tried: Record and alter\n  1. python manage.py migrate blog 0002_body" in shown(
        replace(REPORT, fixes=(plan,))
    )


def test_where_nothing_works_it_is_said_with_the_reasons() -> None:
    text = shown(replace(REPORT, fixes=REFUSED[:2]))
    assert "NO FIX of those that were tried works\n\nRefused  migrate --fake" in text


def test_an_invalid_index_and_what_is_ignored_are_named() -> None:
    index = Existing("index", "ix", "public", "blog_tag", Shape.SAME, benign=("named ix, not iy",), valid=False)
    text = shown(replace(REPORT, findings=(Finding(1, TAGS, existing=index),)))
    assert "#1 blog.0003_tags    index public.blog_tag.ix, INVALID\n   Ignored named ix, not iy" in text


def test_many_follow_ons_are_counted_and_few_named() -> None:
    follow = tuple(Finding(n, replace(TAGS, migration=f"blog.{n:04}"), root=False, cascade_of=1) for n in range(10, 20))
    text = shown(replace(REPORT, findings=(FINDINGS[0], *follow)))
    assert (
        "1 root problem, 10 follow-ons (blog.0010, from #1; blog.0011, from #1; blog.0012, from #1; and 7 more places)"
        in text
    )


def test_a_failure_by_itself_is_not_told_twice() -> None:
    assert "root problem" not in shown(replace(REPORT, findings=(Finding(1, TAGS),), fixes=()))


def test_names_with_brackets_stay_as_they_are() -> None:
    odd = replace(FINDINGS[0], existing=replace(TABLE, name="[bold]x"))
    assert "table public.[bold]x" in shown(replace(REPORT, findings=(odd,)))


def test_the_last_line_is_the_command_to_type_next() -> None:
    assert (
        shown(REPORT).splitlines()[-1] == "Next  migsim fix prod-copy -o fix.sh   (stops if the database has changed)"
    )
    of_dump = shown(replace(REPORT, asked="--dump prod.dump --project backend"))
    assert of_dump.splitlines()[-1].startswith("Next  migsim fix --dump prod.dump --project backend -o fix.sh")
    refused = shown(replace(REPORT, fixes=REFUSED))
    assert refused.splitlines()[-1] == "Next  migsim run prod-copy   (once that is mended)"
    assert "Next" not in shown(replace(REPORT, verdict=Verdict.SAFE, fixes=()))
    of_tenant = shown(replace(REPORT, failure=replace(TAGS, in_schema="acme"))).splitlines()[-1]
    assert of_tenant.startswith("Next  type the steps, then migsim run prod-copy")
