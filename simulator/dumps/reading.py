"""Reads what a dump says of itself and refuses what could not be restored truthfully, before anything starts."""

from __future__ import annotations

import difflib
import io
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal

from simulator.dumps import archive, cluster, compression, plain, statements
from simulator.dumps.foreign import BY_ITSELF, HEAD, foreign, taken_for_text
from simulator.errors import CannotTell, UsageError
from simulator.model import Dump, DumpEntry

_AGAIN = "take or copy the dump again, and see that pg_dump exits 0"
_WHOLE_SCRIPT = "see that it is whole: psql has to read it to its end"
_PHYSICAL = ("is a copy of a data directory, not a dump", "take a dump: pg_dump -Fc DATABASE")
_POSTGRESQL = "take a dump of the one database: pg_dump -Fc DATABASE"
_PRIVILEGES = {"ACL", "DEFAULT ACL"}
# Entries whose definitions name roles besides their owner.
_WITH_ROLES = {"ACL", "DEFAULT ACL", "POLICY", "USER MAPPING", "DATABASE PROPERTIES"}
# A script tells the client's encoding alone. It is the database's where nothing can have been converted.
_NOT_CONVERTED = {"SQL_ASCII", "UTF8"}
_RELATIONS = {"TABLE", "VIEW", "MATERIALIZED VIEW", "SEQUENCE", "FOREIGN TABLE"}
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257


class _NoDump(ValueError):
    """What the path is instead of a dump, and what to do."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


def read(path: Path, database: str | None = None) -> Dump:
    """Everything that a dump tells before it is restored. ``database``: which of a pg_dumpall script's is meant.

    The whole file is looked through (of an uncompressed archive only the lengths of its blocks). Raises
    CannotTell for what is missing, empty, cut short or from another tool, and UsageError where the database is not
    there, or several are and none is named.
    """
    dump = _read(path, database)
    if database is not None and dump.database is None:
        raise UsageError(f"{path} is a dump of one database", "leave `database` out")
    return dump


def _read(path: Path, database: str | None) -> Dump:
    with _refusals(path):
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            return _read_directory(path)
        if not stat.S_ISREG(status.st_mode):
            raise _NoDump("is neither a file nor a folder", "name a dump that pg_dump wrote")
        if not status.st_size:
            raise _NoDump("is empty", _AGAIN)
        return _read_file(path, status.st_size, database)


def open_inside(path: Path, read: Callable[[int], None] | None = None) -> io.BufferedReader:
    """A single-file dump or a script as what is inside its compression; ``read`` hears how far its file was read."""
    with path.open("rb") as file:
        kind = compression.recognise(file.read(HEAD))
    return compression.open_inside(path, kind, read)


def check_script(path: Path) -> None:
    """Refuse a script of a ``sql`` step that would leave its database or run programs. Raises CannotTell."""
    with _refusals(path, _WHOLE_SCRIPT), open_inside(path) as stream:
        plain.check_script(stream)


@contextmanager
def _refusals(path: Path, if_cut: str = _AGAIN) -> Iterator[None]:
    """Everything that can be wrong with a dump or script, as one line and a hint."""
    try:
        yield
    except _NoDump as error:
        raise CannotTell(f"{path} {error.what}", error.hint) from error
    except plain.NotRestorable as error:
        raise CannotTell(f"{path} {error.reason}", error.hint) from error
    except compression.NotOneFile as error:
        raise CannotTell(f"{path} {error}", "unpack it, and name the dump inside") from error
    except archive.UnknownVersion as error:
        message = f"{path} is an archive of version {error}; known are 1.12 to 1.16 (pg_dump 9.0 to 18)"
        raise CannotTell(message, "take the dump with a pg_dump of those versions") from error
    except FileNotFoundError as error:
        raise CannotTell(f"there is no dump {path}", _nearest(path)) from error
    except (*compression.DAMAGE, ValueError) as error:
        raise CannotTell(f"{path} is cut short or damaged: {_first_line(error)}", if_cut) from error
    except OSError as error:
        if error.errno is None:  # bz2's word for damage
            raise CannotTell(f"{path} is cut short or damaged: {_first_line(error)}", if_cut) from error
        raise CannotTell(f"{path} can't be read: {error.strerror}", f"try: ls -lL {path}") from error


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _nearest(path: Path) -> str:
    """What the user may have meant: the file of the most similar name in that folder."""
    folder = path.parent
    if not folder.is_dir():
        return f"the folder {folder} does not exist either"
    names = sorted(entry.name for entry in folder.iterdir())
    close = difflib.get_close_matches(path.name, names, 1, 0.4)
    return f"did you mean {folder / close[0]}?" if close else f"see what there is: ls {folder}"


def _read_directory(path: Path) -> Dump:
    if (path / "PG_VERSION").exists() or (path / "base.tar").exists() or (path / "base.tar.gz").exists():
        raise _NoDump(*_PHYSICAL)
    if not (path / "toc.dat").is_file():
        raise _NoDump("is a folder without toc.dat, so no dump in directory format", "name the dump itself")
    with (path / "toc.dat").open("rb") as stream:
        contents = archive.read(stream)
    archive.check_directory(path, contents)
    size = sum(file.stat().st_size for file in path.iterdir() if file.is_file())
    return _from_archive(path, contents, "directory", "none", size)


def _read_file(path: Path, size: int, database: str | None) -> Dump:
    with path.open("rb") as file:
        kind = compression.recognise(file.read(HEAD))
    with compression.open_inside(path, kind) as stream:
        head = _read_head(stream)
    if not head:
        raise _NoDump("is empty inside its compression", _AGAIN)
    whole_size = size if kind == "none" else None
    with compression.open_inside(path, kind) as stream:
        if head.startswith(archive.MAGIC):
            contents = _contents(stream, head)
            if contents.format != "custom":
                raise _NoDump("is the table of contents of a directory dump alone", f"name its folder {path.parent}")
            archive.check_custom(stream, contents, whole_size)
            return _from_archive(path, contents, "custom", kind, size)
        if head[_TAR_MAGIC_AT:].startswith(_TAR_MAGIC):
            _refuse_other_tar(head)
            return _from_archive(path, archive.read_tar(stream, kind == "none"), "tar", kind, size)
        _refuse_other_text(head)
        return _from_plain(path, plain.scan(stream), kind, size, database)


def _contents(stream: io.BufferedReader, head: bytes) -> archive.Contents:
    try:
        return archive.read(stream)
    except (EOFError, ValueError) as error:
        if taken_for_text(head):
            raise _NoDump("was taken for text on its way, which changes an archive's bytes", BY_ITSELF) from error
        raise


def _read_head(stream: io.BufferedReader) -> bytes:
    head = b""
    while len(head) < HEAD and (chunk := stream.read1(HEAD - len(head))):
        head += chunk
    return head


def _refuse_other_tar(head: bytes) -> None:
    """pg_dump's own begins with toc.dat; ``tar cf`` of a directory dump, and a base backup, with other things."""
    first = head[:100].split(b"\0")[0].decode("utf-8", "replace")
    if first == "toc.dat":
        return
    if first.removeprefix("./") in {"backup_label", "PG_VERSION", "tablespace_map", "base/", "backup_manifest"}:
        raise _NoDump(*_PHYSICAL)
    raise _NoDump(f"is a tar of other files ({first} first), not of pg_dump -Ft", "unpack it, and name the dump inside")


def _refuse_other_text(head: bytes) -> None:
    if found := foreign(head):
        raise _NoDump(f"is {found[0]}", found[1])
    with_header = plain.HEADER.strip() in head or cluster.CLUSTER_HEADER.strip() in head
    if not with_header and not all(one in b"\n" + head.replace(b"\r\n", b"\n") for one in plain.OWN_STATEMENTS):
        raise _NoDump(*plain.NO_HEADER)


def _from_archive(
    path: Path,
    contents: archive.Contents,
    format_: Literal["custom", "directory", "tar"],
    kind: compression.Compression,
    size: int,
) -> Dump:
    entries = contents.entries
    return Dump(
        path=path,
        format=format_,
        compression=kind,
        size=size,
        taken_at=contents.created.astimezone() if contents.created else None,
        dumped_from=_version(contents.dumped_from),
        dumped_by=_version(contents.dumped_by),
        owner=_owner(entries),
        database_owner=next((entry.owner for entry in entries if entry.kind == "DATABASE" and entry.owner), None),
        has_privileges=any(entry.kind in _PRIVILEGES for entry in entries),
        roles=_unique(role for entry in entries for role in _roles(entry)),
        extensions=_unique(entry.tag for entry in entries if entry.kind == "EXTENSION"),
        tablespaces=_unique(entry.tablespace for entry in entries),
        tables=sum(entry.kind == "TABLE DATA" for entry in entries),
        filled=frozenset(entry.tag for entry in entries if entry.kind == "TABLE DATA"),
        relations=sum(entry.kind in _RELATIONS for entry in entries),
        without_rows=_without_rows(entries),
        encoding=_encoding(entries),
        settings=_settings(entries),
        contents=tuple(DumpEntry(entry.id, entry.kind, entry.tag) for entry in entries),
    )


def _from_plain(path: Path, script: plain.Script, kind: compression.Compression, size: int, wanted: str | None) -> Dump:
    name = _database(path, script, wanted)
    facts, header, beside = script.sections[name], script.header, script.cluster
    whole = beside.databases.get(name or "", cluster.Database())
    granted = (role for statement in whole.settings for role in statements.roles(statement))
    encoding = facts.encoding if facts.encoding in _NOT_CONVERTED else None
    return Dump(
        path=path,
        format="plain",
        compression=kind,
        size=size,
        taken_at=header.started.astimezone() if header.started else None,
        dumped_from=_version(header.dumped_from),
        dumped_by=_version(header.dumped_by),
        owner=facts.owner,
        database=name,
        database_owner=whole.owner,
        roles=_unique((*facts.roles, whole.owner or "", *granted, *beside.roles)),
        superusers=tuple(beside.superusers),
        role_statements=tuple(beside.statements),
        extensions=tuple(facts.extensions),
        tablespaces=tuple(facts.tablespaces),
        tables=facts.tables,
        filled=None if facts.inserts else frozenset(facts.filled),
        relations=facts.relations,
        lines_before=script.lines_before,
        windows=header.windows,
        only_restricted=next((one.only_restricted for one in script.sections.values() if one.only_restricted), ""),
        without_rows=tuple(name for _schema, name in facts.made_without_rows) if facts.tables else (),
        encoding=whole.encoding or encoding,
        settings=tuple(whole.settings),
    )


def _database(path: Path, script: plain.Script, wanted: str | None) -> str | None:
    """Whose part of the script is meant; None: it is all of one database, whose name it does not say."""
    names = [name for name in script.sections if name is not None]
    if wanted is not None and names:
        if wanted not in names:
            raise UsageError(f"{path} holds no database {wanted!r} (it has: {', '.join(names)})", "name one of these")
        return wanted
    if not names:
        if script.cluster.whole and not script.header.relations:
            raise _NoDump("holds roles alone (pg_dumpall --globals-only)", _POSTGRESQL)
        return None
    filled = [name for name in names if script.sections[name].relations]
    found = filled or [name for name in names if name not in cluster.ALWAYS_THERE]
    if len(found) > 1:
        likely = next((name for name in found if script.sections[name].owner), found[0])
        raise UsageError(
            f"{path} holds several databases: {', '.join(found)}",
            f"say which, in the scenario (migsim init writes one): restore: {{dump: {path.name}, database: {likely}}}",
        )
    if not found:
        raise _NoDump(f"holds no table in any database ({', '.join(names)})", _POSTGRESQL)
    return found[0]


def _version(text: str) -> str | None:
    """The number alone: "15.4" of "15.4 (Debian 15.4-1.pgdg120+1)"."""
    return text.split()[0] if text.split() else None


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


def _owner(entries: tuple[archive.Entry, ...]) -> str | None:
    """Who owns django_migrations; where several schemas have one, that of public first."""
    tables = [entry for entry in entries if entry.kind == "TABLE" and entry.tag == "django_migrations"]
    tables.sort(key=lambda entry: entry.schema != "public")
    return (tables[0].owner or None) if tables else None


def _roles(entry: archive.Entry) -> tuple[str, ...]:
    found = [entry.owner] if entry.owner else []
    for statement in statements.split(entry.definition) if entry.kind in _WITH_ROLES else ():
        found.extend(statements.roles(statement))
    return tuple(found)


def _without_rows(entries: tuple[archive.Entry, ...]) -> tuple[str, ...]:
    """pg_dump writes data for every table, empty ones too, that it was not told to leave out."""
    there = {(entry.schema, entry.tag) for entry in entries if entry.kind == "TABLE DATA"}
    return tuple(
        entry.tag
        for entry in entries
        if entry.kind == "TABLE"
        and (entry.schema, entry.tag) not in there
        and not statements.is_partitioned(entry.definition)
    )


def _encoding(entries: tuple[archive.Entry, ...]) -> str | None:
    """The database's own, of its CREATE DATABASE. The entry ENCODING is only what pg_dump -E made of it."""
    definition = next((entry.definition for entry in entries if entry.kind == "DATABASE"), "")
    match = re.search(r"\bENCODING = '([^']+)'", definition)
    return match[1] if match else None


def _settings(entries: tuple[archive.Entry, ...]) -> tuple[str, ...]:
    """The database's settings, and what was granted on it; pg_restore takes neither over without --create."""
    return tuple(
        statement
        for entry in entries
        if entry.kind == "DATABASE PROPERTIES" or (entry.kind == "ACL" and entry.tag.startswith("DATABASE "))
        for statement in statements.split(entry.definition)
        if entry.kind == "ACL" or statements.is_setting(statement)
    )


def moment_of(path: Path) -> datetime | None:
    """When the archive says that it was taken; None for a plain dump, and where it can't be told."""
    file = path / "toc.dat" if path.is_dir() else path
    try:
        with file.open("rb") as stream:
            kind = compression.recognise(stream.read(HEAD))
        with compression.open_inside(file, kind) as stream:
            created = archive.read(stream).created
    except (*compression.DAMAGE, ValueError, OSError):
        return None
    return created.astimezone() if created else None
