"""A type, function or operator class of an extension that the code makes and this database lacks."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.findings.situation import Situation
from simulator.fixes.route import Mend
from simulator.model import Fact, Finding
from simulator.postgres import ddl
from simulator.postgres.sqlstate import UNDEFINED_FUNCTION, UNDEFINED_OBJECT

ID = "install-extension"
TITLE = "Install the extension, then migrate"
STATES = (UNDEFINED_OBJECT, UNDEFINED_FUNCTION)


def propose(case: Case) -> Mend | None:
    """The trial shows whether the project's role may: a database's owner may install what is trusted."""
    statements = lacking(case.situation) if asks_for_one(case.root) else ()
    return Mend(ID, TITLE, (case.root.id,), clear=statements) if statements else None


def asks_for_one(root: Finding) -> bool:
    """A constraint's 42704 is about its table."""
    return root.failure.sqlstate in STATES and not root.failure.constraint_name


def lacking(situation: Situation) -> tuple[str, ...]:
    """Statements for the extensions that the code has from nothing and this database has not."""
    return ddl.create(extensions(situation)).statements


def extensions(situation: Situation) -> list[Fact]:
    """Those that the code has from nothing and this database has not."""
    wanted = [fact for fact in situation.reference.final if fact.kind == "extension"]
    return [fact for fact in wanted if situation.database.catalog.like(fact) is None]
