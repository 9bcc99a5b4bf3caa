"""Quote what a template writes into a file that another program reads.

Every value that a template prints goes through the quoting of its language, unless it is ``Quoted`` already: what
nobody thought of is then a word too many, never a command. No quoted value ends the line that it stands in, but for
``word`` and ``HereDocument``, which a comment must not hold.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain, count
from string import ascii_letters

from jinja2 import BaseLoader, Environment, StrictUndefined
from yaml import ScalarNode, safe_dump
from yaml.resolver import Resolver

from simulator.wording import one_line

_PLAIN_YAML = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./+@-]*")
_BEGINNINGS = "S" + ascii_letters  # of the word that ends a here-document
_TEXT = "tag:yaml.org,2002:str"


class Quoted(str):
    """Text in the form of the language already: it is written as it is."""

    __slots__ = ()


def environment(quote: Callable[[str], str], loader: BaseLoader | None = None) -> Environment:
    """Make a Jinja environment that writes each value as ``quote`` gives it; text that is ``Quoted``, and numbers, as
    they are."""

    def finalize(value: object) -> object:
        return value if isinstance(value, Quoted | int) else Quoted(quote(str(value)))

    made = Environment(
        loader=loader,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # for HTML; here finalize quotes
    )
    made.filters["comment"] = lambda value: Quoted(one_line(str(value)))
    return made


def shell(text: str) -> str:
    """Quote for sh wherever it stands, in a comment too: one word, what is not seen shown."""
    return shlex.quote(one_line(text))


def word(text: str) -> Quoted:
    """Quote for sh to mean exactly ``text``, which may have several lines: never for a comment.

    Raises ValueError for a NUL, which no argument can hold.
    """
    if "\0" in text:
        raise ValueError("a word of a shell can't hold a NUL")
    return Quoted(shlex.quote(text))


def words(texts: Iterable[str]) -> Quoted:
    """Quote several words for sh, parted by blanks."""
    return Quoted(" ".join(map(word, texts)))


@dataclass(frozen=True)
class HereDocument:
    """Text for the stdin of a command in sh, which takes it as it is: ``<<'end'``, its lines, ``end`` on its own line.

    Raises ValueError for a NUL, which some shells leave out, whereby a line might become ``end``, and for a text of
    which lines begin with every letter there is.
    """

    text: str

    def __post_init__(self) -> None:
        if "\0" in self.text:
            raise ValueError("a here-document can't hold a NUL")
        if self._beginnings >= set(_BEGINNINGS):
            raise ValueError("a here-document can't hold lines that begin with every letter")

    @property
    def _beginnings(self) -> set[str]:
        """The first characters of lines, as sh knows lines, that are not ASCII."""
        return {line[:1] for line in self.text.split("\n") if not line.isascii()}

    @property
    def body(self) -> Quoted:
        return Quoted(self.text)

    @property
    def end(self) -> Quoted:
        """A word that is none of its lines, whatever is taken for the end of one.

        Nor does one that is not ASCII begin as the word does: dash loses a byte after the ``S`` of ``Sä`` where it
        looks for ``SQL``.
        """
        taken = {line.strip() for line in self.text.splitlines()}
        first = next(letter for letter in _BEGINNINGS if letter not in self._beginnings)
        candidates = chain((f"{first}QL",), (f"{first}QL_{number}" for number in count(1)))
        return Quoted(next(candidate for candidate in candidates if candidate not in taken))


def yaml(text: str) -> str:
    """Quote as a scalar of YAML that is read as this text."""
    read_as = Resolver().resolve(ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return text if read_as == _TEXT and _PLAIN_YAML.fullmatch(text) else _double_quoted(text)


def _double_quoted(text: str) -> str:
    """Escaped as YAML does it: JSON would take two halves for a character beyond U+FFFF, and YAML keeps them apart."""
    return safe_dump(text, default_style='"', width=math.inf).rstrip("\n")


def scenario(text: str) -> str:
    """Quote as a scalar of a scenario file, which Jinja reads before YAML does."""
    quoted = yaml(text)
    return quoted.replace("{", r"\u007b") if quoted.startswith('"') else quoted


def scenario_comment(text: str) -> Quoted:
    """Quote for a comment of a scenario file, in which Jinja would still see its marks."""
    return Quoted(re.sub(r"\{(?=[{%#])", "{ ", one_line(text)))


def workflow(text: str) -> str:
    """Quote as a scalar of a GitHub workflow, where ``${{`` begins an expression in any string."""
    return _double_quoted(text.replace("${{", "${{ '${{' }}"))


def cron(text: str) -> str:
    """Quote for the command of a crontab, where a bare % ends the line (crontab(5))."""
    return shell(text).replace("%", r"\%")


def unit(text: str) -> str:
    """Escape for a value of a unit file, where % begins a specifier (systemd.unit(5))."""
    return one_line(text).replace("%", "%%")


def unit_argument(text: str) -> Quoted:
    """Quote as one argument of ExecStart, where $ begins a variable (systemd.service(5))."""
    escaped = unit(text).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return Quoted(f'"{escaped}"' if set(escaped) & set(" \t'\"\\;") or not escaped else escaped)
