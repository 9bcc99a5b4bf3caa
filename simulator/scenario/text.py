"""A scenario file's text and variables in, a Scenario (or all of its problems) out: Jinja, YAML, models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from simulator.scenario import short_forms, template, yaml_text
from simulator.scenario.contradictions import Location, contradictions
from simulator.scenario.model import Scenario
from simulator.scenario.problems import Problem, ScenarioProblems, key_path, nearest

# What stands under these is never shown: it may be a password.
_SECRET: tuple[Location, ...] = (("django", "environment"), ("django", "build", "args"))
_LONGEST_VALUE = 60
_KINDS = {dict: "a mapping", list: "a list", type(None): "nothing"}
_EXPECTED = {
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping (key: value)",
    "model_type": "must be a mapping (key: value)",
    "invalid_key": "has a key that is not text",
}


def load(text: str, *, path: Path, variables: Mapping[str, str], environ: Mapping[str, str]) -> Scenario:
    """The scenario that ``text`` says. ``path`` names it in messages. Raises ScenarioProblems."""
    rendered = render(text, path=path, variables=variables, environ=environ)
    try:
        document = yaml_text.read(rendered.text)
    except yaml_text.YamlProblems as error:
        raise ScenarioProblems(path, (_in_source(found, rendered) for found in error.problems)) from None
    scenario, problems = _validated(document)
    if scenario is None:
        raise ScenarioProblems(path, (_in_source(found, rendered) for found in problems))
    return scenario


def render(text: str, *, path: Path, variables: Mapping[str, str], environ: Mapping[str, str]) -> template.Rendered:
    """The text after Jinja. Raises ScenarioProblems."""
    try:
        template.refuse_own_settings(template.names_used(text) | frozenset(template.own_variables(text)))
        return template.render(text, template.variables_for(text, variables, environ))
    except template.TemplateProblems as error:
        raise ScenarioProblems(path, error.problems) from None


def variables_used(text: str, *, path: Path) -> frozenset[str]:
    """The names of the variables that the text asks for or gives a default. Raises ScenarioProblems."""
    try:
        return template.names_used(text) | frozenset(template.own_variables(text))
    except template.TemplateProblems as error:
        raise ScenarioProblems(path, error.problems) from None


def _validated(document: yaml_text.Document) -> tuple[Scenario | None, list[Problem]]:
    if not isinstance(document.value, dict):
        words = "is empty" if document.value is None else "must be a mapping (key: value)"
        return None, [Problem(f"the scenario {words}; it starts with version: 1")]
    problems = [
        Problem(found.text, document.line_of(found.location), key_path(found.location))
        for found in contradictions(document.value)
    ]
    scenario = None
    try:
        scenario = Scenario.model_validate(document.value)
    except ValidationError as error:
        problems.extend(_reworded(details, document) for details in error.errors())
    return None if problems else scenario, problems


def _reworded(details: ErrorDetails, document: yaml_text.Document) -> Problem:
    # Tags of alternatives, "<steps>", are no part of the path that the user wrote.
    location = tuple(part for part in details["loc"] if not str(part).startswith("<"))
    return Problem(_words(details, location), document.line_of(location), key_path(location))


def _words(details: ErrorDetails, location: Location) -> str:
    kind = details["type"]
    if kind == "extra_forbidden":
        return f"no such key{_nearest_key(location)}"
    if kind == "missing":
        return "is missing"
    if kind == "literal_error":
        return _choice(details)
    if kind == short_forms.WHOLE:
        return details["msg"]
    said = _EXPECTED.get(kind, details["msg"])
    return f"{said}{_not_this(details['input'], location)}"


def _choice(details: ErrorDetails) -> str:
    choices = details["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
    value = details["input"]
    suggestion = nearest(value, choices) if isinstance(value, str) else ""
    return f"must be one of {', '.join(choices)}{_not_this(value, ())}{suggestion}"


def _not_this(value: Any, location: Location) -> str:
    if type(value) in _KINDS:
        return f", not {_KINDS[type(value)]}"
    if any(location[: len(secret)] == secret for secret in _SECRET):
        return ""
    text = str(value)
    return f', not "{text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"}"'


def _nearest_key(location: Location) -> str:
    """A suggestion for an unknown key: one of its own mapping, else the section that it belongs to."""
    key = str(location[-1])
    near = nearest(key, _model_at(location[:-1]).model_fields)
    if near:
        return near
    section = next((name for name, model in _sections() if key in model.model_fields), "")
    return f"; it belongs under {section}:" if section and location[:-1] != (section,) else ""


def _sections() -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in Scenario.model_fields.items():
        model = _model_in(field.annotation)
        if model is not None and name != "baseline":
            yield name, model


def _model_at(location: Location) -> type[BaseModel]:
    model: type[BaseModel] = Scenario
    for part in location:
        field = model.model_fields.get(str(part))
        model = (_model_in(field.annotation) if field else None) or model
    return model


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The first model that a type mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(inner) for inner in get_args(annotation))
    return next((model for model in found if model is not None), None)


def _in_source(problem: Problem, rendered: template.Rendered) -> Problem:
    """The problem with its line in the user's own file, where that is known."""
    if rendered.lines is None:
        return Problem(problem.text, problem.line, problem.key, rendered=True)
    index = min(problem.line, len(rendered.lines)) - 1
    line = rendered.lines[index] if problem.line else 0
    return Problem(problem.text, line, problem.key)
