"""YAML with lines: every scalar stays the text that was written (3.10 is not 3.1), a key twice is an error."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from simulator.scenario.problems import Problem, key_path

_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")


class YamlProblems(Exception):
    """The text is not YAML, or a mapping in it has a key twice."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


@dataclass(frozen=True)
class Document:
    """The values of a YAML text, all scalars as text but nulls, and where each stands."""

    value: object
    node: yaml.Node | None

    def line_of(self, location: Sequence[str | int]) -> int:
        """The line (from 1) of the key at that place, or of the nearest thing around it that is there."""
        if self.node is None:
            return 1
        node, line = self.node, self.node.start_mark.line + 1
        for part in location:
            found = _child(node, part)
            if found is None:
                break
            line, node = found
        return line


class _TextLoader(yaml.SafeLoader):
    """Resolves nulls and ``<<`` only: what a value means is the model's to say."""


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in (_NULL, _MERGE)]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(text: str) -> Document:
    """Read one document. Raises YamlProblems: what the parser says, or every key that is there twice."""
    try:
        loader = _TextLoader(text)
        node = loader.get_single_node()
        if twice := list(_twice(node)):
            raise YamlProblems(twice)
        return Document(None if node is None else loader.construct_document(node), node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(part for part in (error.context, error.problem) if part)
        raise YamlProblems([Problem(f"not YAML: {said}", mark.line + 1 if mark else 0)]) from None
    except RecursionError:
        raise YamlProblems([Problem("is nested too deeply")]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"not YAML: the character U+{ord(text[error.position]):04X} is not allowed"
        raise YamlProblems([Problem(message, line)]) from None


def variables(block: str) -> object:
    """The value of the one key of a ``vars:`` block, with true, false and whole numbers as such."""
    value = read(block).value
    inner = value.get("vars") if isinstance(value, dict) else None
    try:
        return {} if inner is None else _typed(inner)
    except RecursionError:
        raise YamlProblems([Problem("contains itself", 1, "vars")]) from None


def scalar(text: str) -> object:
    """A variable's value from its text: a bool, a whole number that loses no digit, else the text."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if _WHOLE.fullmatch(text) and text != "-0" else text


def _typed(value: Any) -> object:
    if isinstance(value, dict):
        return {key: _typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_typed(inner) for inner in value]
    return scalar(value) if isinstance(value, str) else value


def _twice(root: yaml.Node | None) -> Iterator[Problem]:
    """Every key that a mapping has a second time."""
    todo: list[tuple[yaml.Node | None, tuple[str | int, ...]]] = [(root, ())]
    met: set[int] = set()
    while todo:
        node, location = todo.pop()
        if node is None or id(node) in met:
            continue
        met.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            todo.extend((item, (*location, index)) for index, item in enumerate(node.value))
        if not isinstance(node, yaml.MappingNode):
            continue
        first: dict[str, int] = {}
        for key, value in node.value:
            here = (*location, str(key.value))
            todo.append((value, here))
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode) and key.value in first:
                yield Problem(f"is there twice, first in line {first[key.value]}", line, key_path(here))
            first.setdefault(str(key.value), line)


def _child(node: yaml.Node, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item.start_mark.line + 1, item
    if not isinstance(node, yaml.MappingNode):
        return None
    for key, value in node.value:
        if key.value == part:
            return key.start_mark.line + 1, value
    return None
