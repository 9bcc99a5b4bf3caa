"""A schema for each tenant: what is said of one that is not there."""

from __future__ import annotations

from tests.support.situations import POSTS, cause, failure

GONE = failure(None, "3F000", in_schema="acme")


def test_a_schema_that_migrate_goes_to_and_that_is_not_there() -> None:
    found = cause(GONE, standing=POSTS)
    assert (found.id, found.confidence) == ("tenant-schema-gone", "certain")
    assert found.evidence[-1] == "there is no schema acme in the database"


def test_a_schema_with_anything_in_it_is_there() -> None:
    there = [fact._replace(schema="acme") for fact in POSTS]
    assert cause(GONE, standing=there).id != "tenant-schema-gone"
    assert cause(failure(None, "3F000"), standing=POSTS).id != "tenant-schema-gone"
