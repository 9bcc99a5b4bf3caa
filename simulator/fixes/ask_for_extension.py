"""A type, function or operator class that is not there: who runs the server has to install what brings it."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.fixes.install_extension import asks_for_one, extensions, lacking
from simulator.fixes.route import Mend
from simulator.wording import listed

ID = "ask-for-extension"
TITLE = "Have the server's superuser install what is missing"


def propose(case: Case) -> Mend | None:
    if not asks_for_one(case.root):
        return None
    names = [fact.name for fact in extensions(case.situation)]
    what = listed(names, "the extension", "the extensions") if names else f"what brings this: {case.failure.message}"
    person = f"have a superuser of the server install {what}"
    return Mend(ID, TITLE, (case.root.id,), person=person, statement=";\n".join(lacking(case.situation)))
