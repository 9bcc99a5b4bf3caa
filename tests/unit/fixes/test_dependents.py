"""What depends on a column that changes: views, triggers, rules, policies, generated columns."""

from __future__ import annotations

from simulator import causes, fixes
from simulator.findings.case import Case
from simulator.findings.situation import Situation
from simulator.fixes.route import Mend
from simulator.model import Fact
from tests.support.facts import column, delta, index
from tests.support.situations import BLOG, DELTAS, POSTS, SLUG, TAGS, failure, situation


def mend(fix: str, where: Situation) -> Mend | None:
    """What that fix proposes for the first root, if it is among those that fit."""
    return next((one for one in fixes.mends(Case(where, where.roots[0])) if one.fix == fix), None)


VIEW = Fact("relation", "public", "titles", "", ("view", " SELECT blog_post.title\n   FROM blog_post;"))
WIDER = (*DELTAS[:2], delta(SLUG, column("blog_post", "title", "varchar(80)"), removed=(column("blog_post", "title"),)))


def test_a_view_on_a_column_whose_type_changes_is_made_again_after_it() -> None:
    met = failure(SLUG, "0A000", "blog_post", table_name="blog_post")
    standing = [*POSTS, *TAGS, VIEW]
    owners = {"public.titles": "reporting"}
    found = mend("remake-views", situation(met, standing=standing, applied=BLOG[:2], deltas=WIDER, owners=owners))
    assert found is not None
    assert found.clear == ('DROP VIEW "titles"',)
    assert found.after[0].startswith('CREATE VIEW "titles" AS')
    assert found.after[-1] == 'ALTER VIEW "titles" OWNER TO "reporting"'
    assert found.note == ""
    beside = {("relation", "public", "titles", ""): ("GRANT SELECT ON public.titles TO reader",)}
    given = situation(
        met, standing=standing, applied=BLOG[:2], deltas=WIDER, owners=owners, beside=beside, superuser=True
    )
    found = mend("remake-views", given)
    assert found is not None
    assert found.after[1] == "GRANT SELECT ON public.titles TO reader"
    assert found.note == "grants on public.titles have to be given again"


ON_TITLE = (
    "CREATE TRIGGER keep BEFORE UPDATE ON public.blog_post FOR EACH ROW "
    "WHEN ((old.title IS DISTINCT FROM new.title)) EXECUTE FUNCTION f()"
)
TRIGGER = Fact("trigger", "public", "blog_post", "keep", (ON_TITLE,))
POLICY = Fact("policy", "public", "blog_post", "own", ("PERMISSIVE", "ALL", "PUBLIC", "(title = CURRENT_USER)", ""))
OTHER = Fact("trigger", "public", "blog_post", "other", (ON_TITLE.replace("title", "body"),))
REFUSED = failure(SLUG, "0A000", "blog_post", operation="Alter field title on post")


def test_triggers_and_policies_on_a_changed_column_are_made_again_unless_they_are_there() -> None:
    where = situation(REFUSED, standing=[*POSTS, *TAGS, TRIGGER, POLICY, OTHER], applied=BLOG[:2], deltas=WIDER)
    found = mend("remake-triggers", where)
    assert found is not None
    assert found.clear == ('DROP POLICY "own" ON "blog_post"', 'DROP TRIGGER "keep" ON "blog_post"')
    assert found.after[1].startswith("DO $do$ BEGIN IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = ")
    assert ON_TITLE in found.after[1]
    assert found.note == "while migrate runs, own and keep do not act"
    cause = causes.name_cause(Case(where, where.roots[0]))
    assert (cause.id, cause.confidence) == ("dependent-trigger", "certain")
    assert cause.evidence == (
        "policy own on blog_post names it, and no migration makes it",
        "trigger keep on blog_post names it, and no migration makes it",
    )


def test_triggers_that_name_other_columns_are_left_alone() -> None:
    where = situation(REFUSED, standing=[*POSTS, *TAGS, OTHER], applied=BLOG[:2], deltas=WIDER)
    assert mend("remake-triggers", where) is None


RULE = Fact(
    "rule", "public", "blog_post", "kept", ("CREATE RULE kept AS ON DELETE TO blog_post WHERE old.title DO NOTHING;",)
)


def test_a_rule_is_made_again_as_it_fired_before() -> None:
    beside = {("rule", "public", "blog_post", "kept"): ("ALTER TABLE public.blog_post DISABLE RULE kept",)}
    standing = [*POSTS, *TAGS, RULE]
    found = mend(
        "remake-triggers", situation(REFUSED, standing=standing, applied=BLOG[:2], deltas=WIDER, beside=beside)
    )
    assert found is not None
    assert found.clear == ('DROP RULE "kept" ON "blog_post"',)
    assert "EXECUTE 'ALTER TABLE public.blog_post DISABLE RULE kept'" in found.after[0]


UPPER = Fact(
    "column",
    "public",
    "blog_post",
    "upper",
    ("text", "NULL", "", "", "(upper(title)) STORED", ""),
)
ON_UPPER = index("blog_post", "by_upper", "upper")


def test_a_generated_column_is_added_again_with_its_index_and_its_comment() -> None:
    beside = {("column", "public", "blog_post", "upper"): ("COMMENT ON COLUMN public.blog_post.upper IS 'x'",)}
    standing = [*POSTS, *TAGS, UPPER, ON_UPPER]
    where = situation(REFUSED, standing=standing, applied=BLOG[:2], deltas=WIDER, beside=beside)
    found = mend("remake-columns", where)
    assert found is not None
    assert found.clear == ('ALTER TABLE "blog_post" DROP COLUMN "upper"',)
    add, make, comment = found.after
    assert add == 'ALTER TABLE "blog_post" ADD COLUMN "upper" text GENERATED ALWAYS AS (upper(title)) STORED'
    assert make.startswith('CREATE INDEX "by_upper"')
    assert comment == "COMMENT ON COLUMN public.blog_post.upper IS 'x'"
    assert found.note == "adding upper again rewrites blog_post, and puts it behind the other columns"
    cause = causes.name_cause(Case(where, where.roots[0]))
    assert cause.evidence == ("generated column upper of blog_post is computed from it, and no migration makes it",)


def test_a_generated_column_that_is_computed_from_others_is_left_alone() -> None:
    other = UPPER._replace(definition=(*UPPER.definition[:4], "(upper(body)) STORED", ""))
    where = situation(REFUSED, standing=[*POSTS, *TAGS, other], applied=BLOG[:2], deltas=WIDER)
    assert mend("remake-columns", where) is None
