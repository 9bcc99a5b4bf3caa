"""What may be shown of a text that rows or secrets may have reached: what is known to be a name. All else is ``…``.

Nothing here looks for secrets. A message is compared with forms, the texts that a program makes its messages of: their
own words are shown, and of what was filled in only known names are. A text of no known form is shown as the known names
in it. Nothing of this imports anything of ours: migsim uses it for what a restore says, too.
"""

from __future__ import annotations

import re
from typing import Container, Iterable, NamedTuple

HIDDEN = "…"
LONGEST_SQL = 2000
LONGEST_NUMBER = 4  # digits, of a line or a size
LONGEST_TEXT = 4000  # of a message that is looked at; what follows is hidden

EDGE = "()[]{}<>.,:;!?'\"“”‘’`=|"
MOST_EDGE = 3  # marks before or after a name; more of them are no punctuation
# What joins names: never the @ of an address, the % of an escape, the - of a card's number.
JOINED = re.compile(r"[.,:=/()'\"]+")
# Words that stand between names in a filled-in list. They are kept only there.
BETWEEN = frozenset(["and", "or", "in", "of", "on", "for", "to"])

# "KIND" in a line of forms stands for each of these.
KINDS = (
    *("relation", "table", "column", "index", "constraint", "sequence", "view", "schema", "type", "function"),
    *("materialized view", "foreign table", "extension", "role", "database", "trigger", "policy", "rule", "language"),
    *("collation", "operator", "operator class", "access method", "tablespace", "publication", "subscription"),
    *("statistics object", "foreign-data wrapper", "server", "event trigger", "aggregate", "procedure", "domain"),
)
FIELD = re.compile(r"\{(\w*)\}")
VALUE, NUMBER = "value", "n"


class Layers:
    """Several collections of names as one."""

    def __init__(self, *layers: Container[str]) -> None:
        self._layers = layers

    def __contains__(self, name: object) -> bool:
        return any(name in layer for layer in self._layers)


class Form(NamedTuple):
    """A message's fixed pieces, and what may fill each gap between two: a name (""), a ``value``, a number (``n``)."""

    pieces: tuple[str, ...]
    gaps: tuple[str, ...]

    @property
    def weight(self) -> int:
        """How much of a message it vouches for."""
        return sum(map(len, self.pieces))


def form(text: str) -> Form:
    """Read ``relation "{}" already exists``, ``type {}: "{value}"``, ``character varying({n})``."""
    parts = FIELD.split(text)
    return Form(tuple(parts[::2]), tuple(parts[1::2]))


def forms_of(lines: Iterable[str]) -> tuple[Form, ...]:
    """A form a line."""
    spread = (line.replace("KIND", kind) for line in lines for kind in (KINDS if "KIND" in line else ("",)))
    return tuple(map(form, dict.fromkeys(spread)))


def message(text: str, forms: Iterable[Form], known: Container[str], words: Container[str] = ()) -> str:
    """The first line of the text by the form that fits best, else the known names in it.

    ``words`` may fill a form's gaps as names do: types, keywords.
    """
    line = (text.strip().splitlines() or [""])[0][:LONGEST_TEXT]
    return _by_form(line, tuple(forms), known, words) or names_in(line, known)


def names_in(text: str, known: Container[str]) -> str:
    """The known names of a text with their punctuation; a run of all else becomes one mark."""
    if is_name(_core(text), known):
        return text
    words = text.split()
    plain = [is_name(_core(word), known) for word in words]
    kept = [plain[index] or _stands_between(words[index], index, plain) for index in range(len(words))]
    shown: list[str] = []
    for word, keep in zip(words, kept):
        if keep:
            shown.append(word)
        elif not shown or shown[-1] != HIDDEN:
            shown.append(HIDDEN)
    return " ".join(shown)


def is_name(text: str, known: Container[str]) -> bool:
    """A known name, or known names that a dot or the like joins. A number is none, whoever gave it."""
    if not any(map(str.isalpha, text)):
        return False
    if text in known:
        return True
    parts = [part for part in JOINED.split(text) if part]
    return len(parts) > 1 and all(part in known and any(map(str.isalpha, part)) for part in parts)


def hides(text: str | None) -> bool:
    """Whether something of it is not shown."""
    return HIDDEN in (text or "")


def _filled(one: Form, text: str) -> list[str] | None:
    """What stands in the form's gaps; None where the text is not of that form."""
    first, last = one.pieces[0], one.pieces[-1]
    if len(one.pieces) == 1:
        return [] if text == first else None
    position, end = len(first), len(text) - len(last)
    if end < position or not text.startswith(first) or not text.endswith(last):
        return None
    filled = []
    for piece in one.pieces[1:-1]:
        at = text.find(piece, position, end)
        if at < 0:
            return None
        filled.append(text[position:at])
        position = at + len(piece)
    return [*filled, text[position:end]]


def _by_form(line: str, forms: tuple[Form, ...], known: Container[str], words: Container[str]) -> str | None:
    """By the form that vouches for most of it; None where it has none."""
    best: tuple[Form, list[str]] | None = None
    for one in forms:
        filled = _filled(one, line) if best is None or one.weight > best[0].weight else None
        best = best if filled is None else (one, filled)
    if best is None:
        return None
    found, filled = best
    shown = [_gap(kind, content, forms, known, words) for kind, content in zip(found.gaps, filled)]
    return "".join(part for pair in zip(found.pieces, [*shown, ""]) for part in pair)


def _gap(kind: str, content: str, forms: tuple[Form, ...], known: Container[str], words: Container[str]) -> str:
    """What fills a gap: names, or another message, which an error that was raised from it quotes."""
    if kind == NUMBER and content.isdigit() and len(content) <= LONGEST_NUMBER:
        return content
    if kind in (NUMBER, VALUE):
        return HIDDEN
    if not content.strip():
        return content
    text = names_in(content, Layers(known, words))
    return (_by_form(content, forms, known, words) or text) if hides(text) else text


def _core(word: str) -> str:
    """The word without its punctuation; "" where that is more than punctuation."""
    core = word.strip(EDGE)
    before = word.find(core)
    return core if max(before, len(word) - before - len(core)) <= MOST_EDGE else ""


def _stands_between(word: str, index: int, plain: list[bool]) -> bool:
    joins = word in BETWEEN or (len(word) <= MOST_EDGE and not word.strip(EDGE))
    return joins and 0 < index < len(plain) - 1 and plain[index - 1] and plain[index + 1]


# --- SQL ----------------------------------------------------------------------------------------------------------

TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
      | (?P<literal>(?:[eE]'(?:[^'\\]|\\.|'')*|(?:[bBnNxX]|[uU]&)?'(?:[^']|'')*)(?:'|\Z)
                  |(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?:(?P=tag)|\Z))
      | (?P<quoted>"(?:[^"]|"")*(?:"|\Z))
      | (?P<parameter>%(?:\(\w+\))?s|%%)
      | (?P<word>[^\W\d][\w$]*)
      | (?P<number>\d[\w.]*)
      | (?P<mark>[][(),.;:=<>+*/%!|&^~?-])
      | (?P<space>\s+)
      | (?P<other>.)""",
    re.DOTALL | re.VERBOSE,
)
# The numbers of a type belong to the schema, where no code of the project's made the statement.
MODIFIER = re.compile(r"\((?:\s*\d{1,5}\s*,)?\s*\d{1,5}\s*\)")
SIZED = ("bit", "char", "character", "decimal", "numeric", "time", "timestamp", "varbit", "varchar", "varying")
RUN = re.compile(r"…(?:[\s,.]*…)+")


def statement(sql: str, known: Container[str], words: Container[str], sizes: bool = False) -> str:
    """The statement with the names and ``words`` (the language's own, in lower case) in it; no literal, no number.

    ``sizes``: the n of a varchar(n) stays.
    """
    shown: list[str] = []
    position = 0
    sql = sql.strip()[: 4 * LONGEST_SQL]
    while position < len(sql):
        size = MODIFIER.match(sql, position) if sizes and shown and shown[-1].lower() in SIZED else None
        token = size or TOKEN.match(sql, position)
        assert token is not None  # a character is one at least
        shown.append(token.group() if size else _token(token, known, words))
        position = token.end()
    return RUN.sub(HIDDEN, "".join(shown)).strip()[:LONGEST_SQL]


def identifiers(sql: str) -> frozenset[str]:
    """The names that a statement gives or asks for, as they are written and as the server folds them."""
    found: set[str] = set()
    for token in TOKEN.finditer(sql):
        if token.lastgroup == "quoted":
            found.add(_unquoted(token.group()))
        elif token.lastgroup == "word":
            found.update((token.group(), token.group().lower()))
    return frozenset(found)


def _token(token: re.Match[str], known: Container[str], words: Container[str]) -> str:
    text = token.group()
    kind = token.lastgroup
    if kind == "literal" or kind == "tag":
        inner = text[1:-1] if text[:1] == "'" else ""
        return text if inner in known and inner else "'" + HIDDEN + "'"
    if kind == "quoted":
        return text if _unquoted(text) in known else '"' + HIDDEN + '"'
    if kind == "word":
        return text if text.lower() in words or text in known or text.lower() in known else HIDDEN
    if kind == "comment":
        return " "
    return HIDDEN if kind in ("number", "other") else text


def _unquoted(text: str) -> str:
    return text[1 : -1 if len(text) > 1 and text.endswith('"') else None].replace('""', '"')
