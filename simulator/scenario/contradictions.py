"""Keys of a scenario that can't stand together.

These look at the document as it was read, not at the models, so that they are reported together with every
problem of a single key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Location = tuple[str | int, ...]

PLACES = ("image", "build", "requirements", "interpreter")
STEPS = ("restore", "sql", "migrate")
# What a command must not say for itself: the run's databases and settings are made by these keys.
_KEYS_OF_OPTIONS = {"--database": "django.database", "--settings": "django.settings"}
_SCRIPT_SUFFIXES = (".sql", ".sql.gz", ".sql.xz", ".sql.zst")


@dataclass(frozen=True)
class Contradiction:
    """A key that doesn't go with another one."""

    location: Location
    text: str


def contradictions(document: object) -> Iterator[Contradiction]:
    """Everything in the document that can't stand together."""
    top = _mapping(document)
    yield from _places(_mapping(top.get("django")))
    yield from _aliases(_mapping(top.get("django")))
    yield from _steps(top.get("baseline"), ("baseline",))
    yield from _command(_mapping(top.get("rehearse")).get("command"))
    yield from _expectation(_mapping(top.get("expect")))


def _places(django: Mapping[str, object]) -> Iterator[Contradiction]:
    """Where the project's code runs: one place, and what goes with it."""
    there = [place for place in PLACES if place in django]
    for extra in there[1:]:
        yield Contradiction(("django", extra), f"only one of {', '.join(PLACES)}; {there[0]} is there already")
    if len(there) != 1:
        return
    place = there[0]
    if place != "requirements":
        for key in ("python", "system_packages"):
            if key in django:
                yield Contradiction(("django", key), f"is for a virtual environment; with {place} it does nothing")
    if place in ("requirements", "interpreter") and "code" in django:
        yield Contradiction(("django", "code"), f"is for image and build; with {place} it does nothing")
    other_code = next((key for key in ("ref", "merge") if key in django), None)
    if other_code and django.get("code") == "image":
        yield Contradiction(("django", "code"), f"an image's own code is not that of {other_code}; write checkout")


def _aliases(django: Mapping[str, object]) -> Iterator[Contradiction]:
    under_rehearsal = django.get("database", "default")
    baselines = _mapping(django.get("baselines"))
    for alias, value in baselines.items():
        here: Location = ("django", "baselines", alias)
        if alias == under_rehearsal:
            yield Contradiction(here, "is the alias under rehearsal: its steps stand under baseline")
        if isinstance(value, list):
            yield from _steps(value, here)
        elif (other := _mapping(value).get("same_as")) == alias:
            yield Contradiction((*here, "same_as"), "must name another alias")
        elif isinstance(other, str) and "same_as" in _mapping(baselines.get(other)):
            yield Contradiction((*here, "same_as"), f"{other} is itself the same as another; name that one")


def _steps(steps: object, here: Location) -> Iterator[Contradiction]:
    for position, step in enumerate(steps if isinstance(steps, list) else []):
        there = [key for key in _mapping(step) if key in STEPS]
        if isinstance(step, dict) and not there:
            yield Contradiction((*here, position), f"a step needs one of {', '.join(STEPS)}")
        for extra in there[1:]:
            yield Contradiction((*here, position, extra), f"one key a step; {there[0]} is there already")
        restore = _mapping(_mapping(step).get("restore"))
        if restore.get("clean") in (True, "true") and str(restore.get("dump")).endswith(_SCRIPT_SUFFIXES):
            message = "is for archives (custom, directory, tar): psql has no such option"
            yield Contradiction((*here, position, "restore", "clean"), message)


def _command(command: object) -> Iterator[Contradiction]:
    words = command.split() if isinstance(command, str) else command
    for word in words if isinstance(words, list) else []:
        option = str(word).partition("=")[0]
        if option in _KEYS_OF_OPTIONS:
            yield Contradiction(("rehearse", "command"), f"{option} has a key of its own: {_KEYS_OF_OPTIONS[option]}")


def _expectation(expect: Mapping[str, object]) -> Iterator[Contradiction]:
    for key in ("migration", "sqlstate"):
        if expect.get("verdict") == "safe" and key in expect:
            yield Contradiction(("expect", key), "a safe rehearsal stops nowhere")


def _mapping(value: object) -> Mapping[str, object]:
    """What was written in a mapping; a key with nothing behind it counts as not written."""
    return {key: inner for key, inner in value.items() if inner is not None} if isinstance(value, dict) else {}
