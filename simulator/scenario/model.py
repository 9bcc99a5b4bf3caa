"""A scenario as written: its keys, their short forms, and what each may be.

Values arrive as text (``yaml_text`` resolves nothing but nulls), so that ``3.10`` keeps its digits; the models
accept Python's own values too. The attributes' docstrings are the descriptions in docs/scenario.schema.json.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Tag, model_validator

from simulator.scenario.short_forms import (
    ARGUMENTS,
    FORMAT,
    LISTED,
    Flag,
    Length,
    Like,
    Number,
    Strings,
    Text,
    Value,
    Variables,
    Word,
    shorthand,
)

Ref = Annotated[Text, Like(r"[^\s-]\S*", "a git ref")]
Major = Annotated[Number, Like(r"[1-9]\d", "a major version such as 15")]
Name = Annotated[Text, Like(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", "letters, digits, . _ and -, at most 100")]
TagName = Annotated[Text, Like(r"[A-Za-z0-9][A-Za-z0-9_.-]*", "a word")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, data: object) -> object:
        """A key with nothing behind it (everything under it commented out) counts as not written."""
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if value is not None or key not in cls.model_fields}


class Role(_Strict):
    """A role of the throwaway server that the project connects as."""

    name: Text
    """Its name; it is created as a plain role that owns nothing but what the dump says."""
    member_of: Strings = ()
    """Roles it is a member of: a dump carries no memberships."""


class Postgres(_Strict):
    """The throwaway server."""

    version: Major | None = None
    """Its major version; by default the one that the dump was taken from."""
    image: Text | None = None
    """Docker: the server's image; by default postgres:<major>."""
    parameters: dict[str, Number] = {}
    """Settings as in postgresql.conf."""
    role: Annotated[
        Annotated[Text, Tag("<name>")] | Annotated[Role, Tag("<role>")],
        Discriminator(lambda value: "<role>" if isinstance(value, dict | Role) else "<name>"),
    ] = "auto"
    """Whom the project connects as: auto (who owns django_migrations in the dump), superuser, a name, or a
    mapping of name and member_of."""
    ignore_extensions: Strings = ()
    """Extensions that are left out of the restore and listed as not checked."""


class Build(_Strict):
    """An image built from a Dockerfile, as Compose's build."""

    context: Text = "."
    """The folder that is sent to the build."""
    dockerfile: Text = "Dockerfile"
    """The Dockerfile, relative to the context."""
    target: Text | None = None
    """The stage to build."""
    args: dict[str, Value] = {}
    """Build arguments."""


class SameAs(_Strict):
    """An alias that shares another one's database."""

    same_as: Text
    """The other alias."""


class Restore(_Strict):
    """A dump to restore."""

    dump: Text
    """The dump: any format of pg_dump, compressed or not; a glob with newest."""
    database: Text | None = None
    """Of a pg_dumpall script the database that is meant; needed where it has several."""
    newest: Flag = False
    """Take the newest file that the glob matches."""
    max_age: Length | None = None
    """An older dump is an error (90s, 30m, 26h, 2d)."""
    clean: Flag = False
    """Over what is there: pg_restore --clean --if-exists; archives only."""


class Migrate(_Strict):
    """Another ref's migrations, run on the database."""

    ref: Ref
    """The git ref."""


class Step(_Strict):
    """One baseline step: exactly one of its keys."""

    restore: Annotated[Restore, shorthand("dump")] | None = None
    """Restore a dump."""
    sql: Text | None = None
    """Run a file of SQL."""
    migrate: Annotated[Migrate, shorthand("ref")] | None = None
    """Run another ref's migrations."""


class Django(_Strict):
    """The project under rehearsal."""

    project: Text = "."
    """The folder that holds manage.py."""
    ref: Ref | None = None
    """Rehearse that git ref, in a worktree; by default the working tree as it is."""
    merge: Annotated[tuple[Ref, ...], LISTED] = ()
    """Merge these refs into it first, in a throwaway worktree."""
    settings: Annotated[Text, Like(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", "a module's dotted name")] | None = None
    """The settings module; by default what manage.py sets."""
    database: Word = "default"
    """The alias under rehearsal."""
    baselines: dict[
        str,
        Annotated[
            Annotated[SameAs, Tag("<same_as>")] | Annotated[tuple[Step, ...], Tag("<steps>")],
            Discriminator(lambda value: "<same_as>" if isinstance(value, dict | SameAs) else "<steps>"),
        ],
    ] = {}
    """How the databases of other aliases get their state: steps, or same_as another alias."""
    environment: Variables = {}
    """Environment of the project's process, as in Compose; a name without a value is passed through."""
    env_file: Strings = ()
    """A .env file with more of them, or several, as in Compose: a later one goes before an earlier."""
    image: Text | None = None
    """Docker: an existing image with everything in it."""
    build: Annotated[Build, shorthand("context")] | None = None
    """Docker: a Dockerfile to build; just a path stands for its context."""
    requirements: Text | None = None
    """A requirements file or pyproject.toml for a cached virtual environment."""
    interpreter: Text | None = None
    """Embedded: a Python that already has everything."""
    python: Annotated[Number, Like(r"\d+(\.\d+){0,2}", "a Python version such as 3.12")] | None = None
    """The virtual environment's Python."""
    system_packages: Strings = ()
    """Docker: Debian packages that the virtual environment needs."""
    code: Literal["image", "checkout"] | None = None
    """With image or build: the image's own code (default), or the checkout put over it (implied by ref and merge)."""


class Rehearse(_Strict):
    """How the rehearsal runs."""

    command: Annotated[tuple[Text, ...], ARGUMENTS] = ("migrate",)
    """The project's management command and its arguments."""
    tier: Literal["schema", "data"] = "data"
    """data: with all rows; schema: the catalog and the rows that migrate itself keeps (history, content types)."""
    timeout: Length = "30m"
    """For the whole run."""
    confine: Literal["require", "if-possible"] = "require"
    """Embedded: whether a kernel that can't confine the project's processes is an error."""


class Expect(_Strict):
    """What the rehearsal has to come to; the run exits 0 only on exactly that."""

    verdict: Literal["safe", "would-fail", "unknown"]
    """The verdict."""
    migration: Annotated[Text, Like(r"\w+\.\w+", "app.migration, such as blog.0003_tags")] | None = None
    """The migration it stops at."""
    sqlstate: Annotated[Number, Like(r"[0-9A-Z]{5}", "five digits or capitals, such as 42P07")] | None = None
    """The SQLSTATE it stops with."""


class Scenario(_Strict):
    """A scenario as written, validated; relative paths in it are still relative to its root."""

    version: Annotated[Literal[1], FORMAT]
    """The version of this format."""
    name: Name
    """The scenario's name in reports."""
    description: str = ""
    """One sentence for the list."""
    tags: Annotated[tuple[TagName, ...], LISTED] = ()
    """Words to select it by."""
    vars: dict[str, object] = {}
    """Jinja variables and their defaults: a literal block at the file's top."""
    postgres: Postgres = Postgres()
    """The throwaway server."""
    django: Django = Django()
    """The project under rehearsal."""
    baseline: tuple[Step, ...] = ()
    """How the throwaway database gets its state, in order."""
    rehearse: Rehearse = Rehearse()
    """How the rehearsal runs."""
    expect: Annotated[Expect, shorthand("verdict")] | None = None
    """What the rehearsal has to come to: a verdict, or a mapping."""
