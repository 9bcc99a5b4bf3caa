"""What an extension brings is there, in a schema that is not on the search path."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.model import Cause

ID = "extension-elsewhere"
TITLE = "an extension is off the search path"


def explain(case: Case) -> Cause | None:
    """A dump carries the extension with its schema; the path was a setting of the server, the database or the role."""
    found = case.member_elsewhere
    if found is None:
        return None
    name, extension, schema = found
    return Cause(
        ID,
        TITLE,
        "certain",
        (
            f"the extension {extension}, which brings {name}, is installed in the schema {schema}",
            f"{schema} is not on the search path here; where the dump comes from it was, by a setting that dumps lack",
        ),
    )
