"""SQLSTATEs under the names that PostgreSQL gives them, everywhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import psycopg
import pytest

from simulator.postgres import sqlstate

SIMULATOR = Path(__file__).parents[3] / "simulator"
NAMED = {
    name: code for name, code in vars(sqlstate).items() if isinstance(code, str) and name.isupper() and name[0] != "_"
}
# The probe runs without us and has names of its own.
IN_PROBE = re.compile(r"[0-9][0-9A-Z]{4}")


def names_of(code: str) -> str:
    """The name that psycopg derives from the manual's, as a constant."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", psycopg.errors.lookup(code).__name__).upper()


@pytest.mark.parametrize(("name", "code"), NAMED.items())
def test_a_constant_has_the_manuals_name(name: str, code: str) -> None:
    assert names_of(code) == name


def literals(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if IN_PROBE.fullmatch(text)}


def is_code(text: str) -> bool:
    try:
        psycopg.errors.lookup(text)
    except KeyError:
        return False
    return True


def test_no_other_module_spells_one_out() -> None:
    modules = [path for path in SIMULATOR.rglob("*.py") if "probe" not in path.parts and path.stem != "sqlstate"]
    spelled = {path.name: found for path in modules if (found := set(filter(is_code, literals(path))))}
    assert spelled == {}


def test_the_probes_own_copies_are_codes_that_there_are() -> None:
    found = set().union(*(literals(path) for path in (SIMULATOR / "probe").rglob("*.py")))
    assert found
    assert all(map(is_code, found))


@pytest.mark.parametrize(("code", "environmental"), [("08006", True), ("53100", True), ("58P01", True), ("57P01", True),
    ("57P05", True), ("57014", False), ("42P07", False), ("23505", False), ("", False)])  # fmt: skip
def test_what_the_server_or_its_machine_is_to_blame_for(code: str, environmental: bool) -> None:
    assert sqlstate.is_environmental(code) == environmental
