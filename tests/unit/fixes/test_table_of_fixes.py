"""The tables of fixes, their page, and their tests speak of the same fixes."""

from __future__ import annotations

import re
from pathlib import Path

from simulator import fixes

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "fixes.md").read_text()
IDS = [*(module.ID for module in fixes.OF_ROOTS), *(module.ID for module in fixes.OF_PEOPLE)]


def test_the_page_has_a_section_for_each_fix_in_the_order_that_they_are_asked() -> None:
    assert re.findall(r"^### (\S+)$", PAGE, re.MULTILINE) == IDS


def test_each_module_of_the_folder_that_proposes_a_fix_is_in_a_table() -> None:
    folder = ROOT / "simulator" / "fixes"
    found = {match for path in folder.glob("*.py") for match in re.findall(r'^ID = "(\S+)"', path.read_text(), re.M)}
    assert found == set(IDS)
    assert len(set(IDS)) == len(IDS)


def test_each_fix_has_a_test_that_names_it() -> None:
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert [one for one in IDS if f'"{one}"' not in tests] == []
