"""What a definition in the catalog says, without what may differ between texts that mean the same.

PostgreSQL prints an expression from its parse tree, so that equal trees give equal texts. A dump and its restore change
a few: a varchar's ``CHECK (status IN ('a', 'b'))`` comes back with its casts to text in other places. Those casts, and
the parentheses that they leave around one thing, are dropped here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from simulator.model import Fact

# A name, a constant, an operator; or what stands in parentheses or brackets, after its opening one.
Token = str | tuple["Token", ...]

_TOKEN = re.compile(
    r"""(?: [EeBbXx] | [Uu]& )? '(?:[^']|'')*'
      | "(?:[^"]|"")*"
      | ::
      | [^\W\d][\w$]*
      | \d+(?:\.\d+)?(?:e[+-]?\d+)?
      | [()\[\],.;]
      | [^\s\w()\[\],.;'":]+
      | .""",
    re.VERBOSE | re.DOTALL,
)
_WORD = re.compile(r'[^\W\d][\w$]*|".*"', re.DOTALL)
_CLOSING = {"(": ")", "[": "]"}


def words(fact: Fact) -> frozenset[str]:
    """All that might be a name in its definition."""
    return frozenset(re.findall(r"\w+", " ".join(fact.definition)))


def normal(fact: Fact) -> tuple[object, ...]:
    """The fact's definition, equal for those that mean the same. Names are no part of it."""
    definition = fact.definition
    match fact.kind:
        case "relation":
            return (definition[0], *map(expression, definition[1:]))
        case "column":
            kind, null, default, auto, generated, collation = definition
            return (kind, null, expression(default), auto, expression(generated), collation)
        case "constraint":
            return (definition[0], expression(definition[1]), definition[2])
        case "index":
            return (expression(definition[0].replace(" ON ONLY ", " ON ", 1)), definition[1])
        case "trigger" | "rule":
            return (expression(definition[0]),)
        case "policy":
            return (*definition[:3], *map(expression, definition[3:]))
        case "type" if definition[0] == "domain":
            return (*definition[:3], *map(expression, definition[3:]))
        case _:
            return definition


def alike(one: Fact, other: Fact) -> bool:
    """Whether both are defined as the same, whatever they are called."""
    return one.kind == other.kind and (one.definition == other.definition or normal(one) == normal(other))


@lru_cache(maxsize=50_000)
def expression(text: str) -> tuple[Token, ...]:
    """An expression, or a statement, as a tree of tokens."""
    return _simplified(tuple(_nested(iter(_TOKEN.findall(text)), "")))


def _nested(tokens: Iterator[str], closing: str) -> Iterator[Token]:
    for token in tokens:
        if token == closing:
            return
        if token in _CLOSING:
            yield (token, *_nested(tokens, _CLOSING[token]))
        elif not token.isspace():
            yield token


def _simplified(tokens: Sequence[Token]) -> tuple[Token, ...]:
    done: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        skipped = _cast_to_text(tokens, place)
        if skipped:
            place += skipped
            continue
        if isinstance(token, tuple):
            done.extend(_group(token, after_word=bool(done) and _is_word(done[-1])))
        else:
            done.append(token)
        place += 1
    return tuple(done)


def _cast_to_text(tokens: Sequence[Token], place: int) -> int:
    """How many tokens a cast to text or varchar, or to arrays of them, takes. One to a length cuts: it stays."""
    if tokens[place] != "::":
        return 0
    end = place + 1
    if tokens[end : end + 1] == ("text",):
        end += 1
    elif tokens[end : end + 2] == ("character", "varying"):
        end += 2
    else:
        return 0
    if tokens[end : end + 1] and isinstance(tokens[end], tuple) and tokens[end][0] == "(":
        return 0
    while tokens[end : end + 1] == (("[",),):
        end += 1
    return end - place


def _group(token: tuple[Token, ...], *, after_word: bool) -> tuple[Token, ...]:
    opening, inner = token[0], _simplified(token[1:])
    if opening == "(":
        while len(inner) == 1 and isinstance(inner[0], tuple) and inner[0][0] == "(":
            inner = inner[0][1:]
        if not after_word and _is_one_thing(inner):
            return inner
    return ((opening, *inner),)


def _is_one_thing(tokens: Sequence[Token]) -> bool:
    """A name, a constant, an array, a call: parentheses around it change nothing."""
    if not tokens or isinstance(tokens[0], tuple):
        return False
    return all(isinstance(token, tuple) or "." in (before, token) for before, token in pairwise(tokens))


def _is_word(token: Token) -> bool:
    return isinstance(token, str) and _WORD.fullmatch(token) is not None
