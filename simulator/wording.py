"""Numbers, sizes, times and lists as people read them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

# In place of a database that is too big or too private to copy: its schema, and the rows that migrate itself writes.
TWO_DUMPS = (
    "pg_dump -s -Fc -f schema.dump DATABASE",
    "pg_dump -a -t django_migrations -t django_content_type -t auth_permission -Fc -f history.dump DATABASE",
)
MOST_NAMED = 5  # of a list
# What Unicode calls default-ignorable and Python printable: letters and marks that nobody sees.
_UNSEEN = frozenset(
    chr(number)
    for first, last in (
        (0x034F, 0x034F),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFFA0, 0xFFA0),
        (0xE0100, 0xE01EF),
    )
    for number in range(first, last + 1)
)


def duration(seconds: float) -> str:
    """Milliseconds below a second, else seconds, else minutes."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def age(seconds: float) -> str:
    """ "3 d 4 h", "26 h", "5 min": the two largest units that matter to an age."""
    minutes = int(seconds // 60)
    if minutes < 120:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    days, hours = divmod(minutes // 60, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def size(number: int) -> str:
    """Bytes of a file, in MB (kB for a small one)."""
    return f"{number / (1 << 20):.1f} MB" if number >= 1 << 20 else f"{max(1, number >> 10)} kB"


def gigabytes(number: int) -> str:
    """Bytes of a disk."""
    return f"{number / (1 << 30):.1f} GB"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th ..."""
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{({1: 'st', 2: 'nd', 3: 'rd'}).get(number % 10, 'th')}"


def count(number: int, thing: str) -> str:
    """1 row, 2 rows, 4,212 rows, 2 indexes."""
    plural = thing if number == 1 else f"{thing}es" if thing.endswith("x") else f"{thing}s"
    return f"{number:,} {plural}"


def some(names: Sequence[str], most: int = MOST_NAMED) -> str:
    """The first of them, and how many more there are: "a, b and 3 more"."""
    return ", ".join(names[:most]) + and_more(names, most)


def and_more(names: Sequence[str], most: int = MOST_NAMED, what: str = "more") -> str:
    """ " and 3 more", or nothing where ``most`` are all."""
    return f" and {len(names) - most} {what}" if len(names) > most else ""


def listed(names: Iterable[str], one: str = "", many: str = "", most: int = 3) -> str:
    """The same within a sentence: "ids 17, 18 and 19", "ids 17, 18, 19 and 2 more"; one that is left is named, too."""
    found = list(names)
    head = (one if len(found) == 1 else many) + " " if one else ""
    if len(found) > most + 1:
        return f"{head}{some(found, most)}"
    return f"{head}{', '.join(found[:-1])} and {found[-1]}" if len(found) > 1 else f"{head}{''.join(found)}"


def shorten(text: str, limit: int = 160) -> str:
    """One line, cut where a terminal would wrap it twice."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def one_line(text: str) -> str:
    """Show what is not seen, moves what follows it or would end the line as an escape; for comments and messages.

    So it is with the half of a character, too, which stands for a byte of a file's name that is no text.
    """
    return "".join(character if is_seen(character) else _shown(character) for character in text)


_BRACKET = re.compile(r"(?P<before>\\*)\[(?P<tag>(?=[a-z#/@][^\[]*?\]))?|(?P<last>\\+)\Z")


def escape(text: str) -> str:
    """What rich prints as that text where a tag follows it.

    Its own function leaves a bracket that begins no tag alone, and the backslash before it is then not printed.
    """
    return _BRACKET.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    if match["last"]:
        return match["last"] * 2
    before = match["before"]
    if match["tag"] is not None:
        return before * 2 + "\\["
    return f"{before}\\[" if before else "["


def json_text(document: Any, indent: int | None = 1) -> str:
    """JSON that reads the same and prints what is not seen as an escape, which the strings alone may hold."""
    return _NOT_SEEN.sub(_json_escape, json.dumps(document, indent=indent, ensure_ascii=False))


def is_seen(character: str) -> bool:
    """Whether a reader sees the character where it stands, and the ones after it where they are."""
    return character.isprintable() and character not in _UNSEEN


_NOT_SEEN = re.compile(r"[^\n -~]")  # may be one; json has escaped the first 32 itself, but for its own line ends


def _json_escape(match: re.Match[str]) -> str:
    return match[0] if is_seen(match[0]) else json.dumps(match[0])[1:-1]


def _shown(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
