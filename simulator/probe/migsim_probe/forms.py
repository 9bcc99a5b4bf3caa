"""The forms of messages: PostgreSQL's and Python's from lists, those of installed code out of its own source.

A library words its messages in strings of its code: ``raise LookupError("No installed app with label '%s'." % label)``.
What stands there is nobody's row, so every string of the file that raised is a form that the message may have.
"""

from __future__ import annotations

import ast
import functools
import linecache
import os
import re
import string
from typing import Iterator

from migsim_probe.shown import Form, forms_of

HERE = os.path.dirname(os.path.abspath(__file__))
PERCENT = re.compile(r"%(?:\(\w+\))?[#0 +-]*[\d.*]*[sdrifgxcue]")
LEAST_LETTERS = 4  # of a form's own; less could be any text


@functools.lru_cache(maxsize=None)
def of_server() -> tuple[Form, ...]:
    """PostgreSQL's, in English, as far as migrations and restores meet them (9.6 to 18)."""
    return forms_of(_lines("server_forms.txt"))


@functools.lru_cache(maxsize=None)
def of_python() -> tuple[Form, ...]:
    """Those that the interpreter and the drivers word in C."""
    return forms_of(_lines("python_forms.txt"))


@functools.lru_cache(maxsize=None)
def sql_words() -> frozenset[str]:
    """SQL's commonest words, in lower case, for where no server tells them all."""
    return frozenset(_lines("sql_words.txt"))


@functools.lru_cache(maxsize=None)
def of_file(path: str) -> tuple[Form, ...]:
    """Every string of an installed file, as a form: constants, f-strings, sums, and what %% or format() fills."""
    try:
        tree = ast.parse("".join(linecache.getlines(path)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    found = (one for node in ast.walk(tree) for one in _forms(node))
    return tuple(dict.fromkeys(one for one in found if sum(map(str.isalpha, "".join(one.pieces))) >= LEAST_LETTERS))


def _lines(name: str) -> list[str]:
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file if line.strip()]


def _forms(node: ast.AST) -> Iterator[Form]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from _of_text(node.value)
    elif isinstance(node, (ast.JoinedStr, ast.BinOp)):
        parts = _flat(node)
        if len(parts) > 1 and any(part is not None for part in parts):
            yield from _first_lines(_joined(parts))


def _of_text(text: str) -> Iterator[Form]:
    yield from _first_lines(Form((text,), ()))
    if PERCENT.search(text):
        pieces = tuple(piece.replace("%%", "%") for piece in PERCENT.split(text))
        yield from _first_lines(Form(pieces, ("",) * (len(pieces) - 1)))
    if "{" in text:
        try:
            parsed = list(string.Formatter().parse(text))
        except ValueError:
            return
        parts = [part for fixed, field, *_ in parsed for part in (fixed, "" if field is None else None)]
        yield from _first_lines(_joined(parts))


def _flat(node: ast.AST) -> list[str | None]:
    """The parts of an f-string or a sum; None for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return [part for value in node.values for part in _flat(value)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*_flat(node.left), *_flat(node.right)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        left = _flat(node.left)
        text = "".join(part for part in left if part is not None)
        if None not in left and PERCENT.search(text):
            pieces = PERCENT.split(text)
            return [part for piece in pieces for part in (piece.replace("%%", "%"), None)][:-1]
    return [None]


def _joined(parts: list[str | None]) -> Form:
    pieces = [""]
    for part in parts:
        if part is None:
            pieces.append("")
        else:
            pieces[-1] += part
    return Form(tuple(pieces), ("",) * (len(pieces) - 1))


def _first_lines(one: Form) -> Iterator[Form]:
    """The form, and that of its first line: of a message no more is shown."""
    yield one
    for index, piece in enumerate(one.pieces):
        if "\n" in piece:
            line = piece.split("\n")[0]
            yield Form((*one.pieces[:index], line), one.gaps[:index])
            return
