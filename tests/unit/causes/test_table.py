"""The table of causes, its page, and its tests speak of the same causes."""

from __future__ import annotations

import re
from pathlib import Path

from simulator import causes
from simulator.causes import CAUSES, unexplained
from simulator.findings.case import Case
from tests.support.situations import POSTS, TAG_EXISTS, situation

HERE = Path(__file__)
PAGE = (HERE.parents[3] / "docs" / "causes.md").read_text()
IDS = [*(module.ID for module in CAUSES), unexplained.ID]


def test_the_page_has_a_section_for_each_cause_in_the_order_that_they_are_asked() -> None:
    assert re.findall(r"^### (\S+)$", PAGE, re.MULTILINE) == IDS


def test_a_section_says_what_it_is_how_it_is_seen_and_what_mends_it() -> None:
    sections = re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]
    lacking = [text.split()[0] for text in sections if not ("Seen:" in text and re.search("[Mm]end", text))]
    assert lacking == [unexplained.ID]


def test_an_id_is_its_modules_name() -> None:
    names = [str(module).split("'")[1].rpartition(".")[2] for module in CAUSES]
    assert [name.replace("_", "-") for name in names] == IDS[:-1]
    assert len(set(IDS)) == len(IDS)


def test_each_module_of_the_folder_that_names_a_cause_is_in_the_table() -> None:
    folder = HERE.parents[3] / "simulator" / "causes"
    found = {path.stem.replace("_", "-") for path in folder.glob("*.py") if "\nID = " in path.read_text()}
    assert found == set(IDS)


def test_each_cause_has_a_test_that_names_it() -> None:
    tests = "".join(path.read_text() for path in HERE.parent.glob("test_*.py"))
    assert [one for one in IDS if f'"{one}"' not in tests] == []


def test_a_root_always_has_a_cause() -> None:
    where = situation(TAG_EXISTS, standing=POSTS)
    assert causes.name_cause(Case(where, where.roots[0])).id == "unexplained"
