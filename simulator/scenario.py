"""A scenario file: text and variables in, a Scenario (or all of its problems) out. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Role(_Strict):
    """A role of the throwaway server that the project connects as."""

    name: str
    member_of: tuple[str, ...] = ()


class Postgres(_Strict):
    version: str | None = None
    image: str | None = None
    parameters: dict[str, str] = {}
    role: str | Role = "auto"  # auto | superuser | a name | Role
    ignore_extensions: tuple[str, ...] = ()


class Build(_Strict):
    context: str = "."
    dockerfile: str = "Dockerfile"
    target: str | None = None
    args: dict[str, str] = {}


class SameAs(_Strict):
    same_as: str


class Restore(_Strict):
    dump: str
    newest: bool = False
    max_age: str | None = None  # "26h"
    clean: bool = False


class Migrate(_Strict):
    ref: str


class Step(_Strict):
    """One baseline step: exactly one of its keys."""

    restore: Restore | None = None
    sql: str | None = None
    migrate: Migrate | None = None


class Django(_Strict):
    project: str = "."
    ref: str | None = None
    merge: tuple[str, ...] = ()
    settings: str | None = None
    database: str = "default"
    baselines: dict[str, SameAs | tuple[Step, ...]] = {}
    environment: dict[str, str | None] = {}  # None: passed through from migsim's own environment
    env_file: str | None = None
    image: str | None = None
    build: Build | None = None
    requirements: str | None = None
    interpreter: str | None = None
    python: str | None = None
    system_packages: tuple[str, ...] = ()
    code: Literal["image", "checkout"] | None = None


class Rehearse(_Strict):
    command: tuple[str, ...] = ("migrate",)
    tier: Literal["schema", "data"] = "data"
    timeout: str = "30m"
    confine: Literal["require", "if-possible"] = "require"


class Expect(_Strict):
    verdict: Literal["safe", "would-fail", "unknown"]
    migration: str | None = None
    sqlstate: str | None = None


class Scenario(_Strict):
    """A scenario as written, validated; relative paths in it are still relative to its root."""

    version: Literal[1]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    description: str = ""
    tags: tuple[str, ...] = ()
    vars: dict[str, object] = {}
    postgres: Postgres = Postgres()
    django: Django = Django()
    baseline: tuple[Step, ...] = ()
    rehearse: Rehearse = Rehearse()
    expect: Expect | None = None
