"""What a file is that is no dump pg_dump made, told by its first bytes."""

from __future__ import annotations

import re

HEAD = 64 << 10  # bytes that are looked at
# What a redirection or a terminal in between would change.
BY_ITSELF = "let pg_dump write the file itself: pg_dump -Fc --file=prod.dump DATABASE"
# First bytes, or a line near the top; what the file is; what to do.
_BINARY: tuple[tuple[bytes, str, str], ...] = (
    (b"SQLite format 3\0", "a SQLite database", "a dump of PostgreSQL is needed: pg_dump -Fc DATABASE"),
    (b"\x04\x22\x4d\x18", "compressed with lz4", "decompress it (unlz4); .gz, .bz2, .xz, .zst and .zip need not be"),
    (b"\xff\xfe", "text in UTF-16, as PowerShell's > writes it", BY_ITSELF),
    (b"\xfe\xff", "text in UTF-16", BY_ITSELF),
    (b"TAPE", "a backup of Microsoft SQL Server", "a dump of PostgreSQL is needed: pg_dump -Fc DATABASE"),
    (b"age-encryption.org/", "encrypted with age", "decrypt it first"),
    (b"-----BEGIN PGP", "encrypted", "decrypt it first"),
    (b"version https://git-lfs.github.com/", "a pointer of Git LFS", "fetch the file itself: git lfs pull"),
)
_POSTGRESQL = "a dump of PostgreSQL is needed: pg_dump -Fc DATABASE"
_TEXT: tuple[tuple[bytes, str, str], ...] = (
    (rb"^-- MySQL dump|^-- phpMyAdmin SQL Dump", "a dump of MySQL", _POSTGRESQL),
    (rb"^-- MariaDB dump|^/\*M?!\d+", "a dump of MariaDB or MySQL", _POSTGRESQL),
    (rb"^PRAGMA foreign_keys", "a dump of SQLite", _POSTGRESQL),
    (rb"^\s*<(?:!DOCTYPE|html|\?xml)", "a web page or XML", "download the dump itself"),
    (rb"\A\s*\[?\s*\{\s*\"model\"|\A(?:#.*\n|\s)*- model: ", "a fixture of dumpdata", _POSTGRESQL),
)


def foreign(head: bytes) -> tuple[str, str] | None:
    """What the file is instead of a dump, and what to do; None: nothing that is known here."""
    for magic, what, hint in _BINARY:
        if head.startswith(magic):
            return what, hint
    for pattern, what, hint in _TEXT:
        if re.search(pattern, head, re.MULTILINE | re.IGNORECASE):
            return what, hint
    if b"\0" in head:
        return "no file that pg_dump wrote", _POSTGRESQL
    return None


def taken_for_text(head: bytes) -> bool:
    """Whether an archive went through what takes it for text: PowerShell 7's >, a terminal (-t), FTP, autocrlf."""
    return b"\xef\xbf\xbd" in head or 0 < head.count(b"\n") == head.count(b"\r\n")
