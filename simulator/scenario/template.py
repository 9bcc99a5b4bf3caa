"""The Jinja part of a scenario file: its variables, its rendering, and which line became which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import NoReturn

from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError, meta, nodes
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import missing

from simulator.scenario import yaml_text
from simulator.scenario.problems import Problem

_PREFIX = "MIGSIM_"
_CLEAR_PREFIX = "MIGSIM_VAR_"
# What migsim's own settings are called after that prefix; no variable of a scenario has such a name.
_OWN = re.compile(r"(?:RUNS|CACHE|BASELINES\w*|HISTORY|ENGINE|CONFINE|NOTIFY|LOG|PARENT)", re.IGNORECASE)
_VARS = re.compile(r"^vars:.*\n?(?:(?:[ \t]+.*|[ \t]*#.*|[ \t]*)(?:\n|\Z))*", re.MULTILINE)
_JINJA = re.compile(r"\{[{%]")
_MARK = re.compile("\x01(\\d+)\x02")
_LEADING_MARKS = re.compile("^(?:\x01(\\d+)\x02)+")
# A file that still misses a variable after this many is reported with those.
_MOST_UNDEFINED = 50


@dataclass(frozen=True)
class Rendered:
    """A rendered file. ``lines[i]`` is the line of the source that line i + 1 came from; None: it can't be told."""

    text: str
    lines: tuple[int, ...] | None


class TemplateProblems(Exception):
    """The text can't be rendered; ``problems`` say why, with lines of the source."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


def variables_for(text: str, variables: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, object]:
    """What the template may use: ``--set``, then ``MIGSIM_VAR_*``, then ``MIGSIM_*``, then the file's own ``vars:``.

    Values from outside are read as those of ``vars:`` are: true, false and whole numbers are such, the rest is
    text. Raises TemplateProblems when the block isn't a literal mapping at the file's top.
    """
    clear = _after(_CLEAR_PREFIX, environ)
    short = {name: value for name, value in _after(_PREFIX, environ).items() if not _OWN.fullmatch(name)}
    given = {name: yaml_text.scalar(value) for name, value in {**short, **clear, **variables}.items()}
    return {**own_variables(text), **given}


def _after(prefix: str, environ: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(prefix).lower(): value for name, value in environ.items() if name.startswith(prefix)}


def refuse_own_settings(names: Iterable[str]) -> None:
    """Raises TemplateProblems for variables that are called as migsim's own settings are."""
    problems = [
        Problem(f'"{name}" is a setting of migsim\'s own ({_PREFIX}{name.upper()}): call the variable something else')
        for name in sorted(names)
        if _OWN.fullmatch(name)
    ]
    if problems:
        raise TemplateProblems(problems)


def own_variables(text: str) -> dict[str, object]:
    """The file's ``vars:`` block, read before the rest is rendered. Raises TemplateProblems."""
    block = _VARS.search(text)
    if block is None:
        return {}
    line = text.count("\n", 0, block.start()) + 1
    if "{%" in text[: block.start()]:
        raise TemplateProblems([Problem("must stand at the top, before any {% ... %}", line, "vars")])
    if _JINJA.search(block.group()):
        raise TemplateProblems([Problem("is literal: it can't use {{ ... }} or {% ... %} itself", line, "vars")])
    try:
        values = yaml_text.variables(block.group())
    except yaml_text.YamlProblems as error:
        problems = [Problem(found.text, found.line + line - 1, found.key) for found in error.problems]
        raise TemplateProblems(problems) from None
    if not isinstance(values, dict):
        raise TemplateProblems([Problem("must be a mapping (name: value)", line, "vars")])
    return {str(name): value for name, value in values.items()}


def names_used(text: str) -> frozenset[str]:
    """The variables that the template asks for. Raises TemplateProblems when it isn't Jinja."""
    return frozenset(meta.find_undeclared_variables(_parsed(_environment(), text)))


def render(text: str, variables: Mapping[str, object]) -> Rendered:
    """The text after Jinja. Raises TemplateProblems with every variable that is not defined."""
    plain = _render(_environment(), text, variables)
    marked = _render(_environment(_MarkLines), text, variables)
    # The marks are text to the template too: one that compares what it captured can come out otherwise.
    if _MARK.sub("", marked) != plain:
        return Rendered(plain, None)
    return Rendered(plain, tuple(_source_lines(marked)))


def _environment(*extensions: type[Extension]) -> SandboxedEnvironment:
    # Block tags on lines of their own vanish with their line, so that the YAML reads as it was written.
    return SandboxedEnvironment(
        undefined=_Undefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=extensions,
    )


def _render(environment: SandboxedEnvironment, text: str, variables: Mapping[str, object]) -> str:
    """Render; a variable that isn't defined gets a stand-in, so that the others are found too."""
    _parsed(environment, text)
    template = environment.from_string(text)
    stand_ins: dict[str, object] = {}
    problems: list[Problem] = []
    while len(problems) < _MOST_UNDEFINED:
        try:
            rendered = template.render({**stand_ins, **variables})
        except _UndefinedName as error:
            problems.append(Problem(_undefined(error.name), _template_line(error.__traceback__)))
            stand_ins[error.name] = "x"
        except (MemoryError, RecursionError):
            raise  # the reader's limits, of no line
        except Exception as error:  # an expression of the user's can raise anything
            # After a stand-in, an error may be of its making.
            if not problems:
                problems.append(Problem(f"Jinja: {error}", _template_line(error.__traceback__)))
            break
        else:
            if not problems:
                return rendered
            break
    raise TemplateProblems(problems)


def _parsed(environment: SandboxedEnvironment, text: str) -> nodes.Template:
    try:
        return environment.parse(text)
    except TemplateSyntaxError as error:
        raise TemplateProblems([Problem(f"Jinja: {error.message}", error.lineno)]) from None


def _undefined(name: str) -> str:
    return f'"{name}" is not defined: give --set {name}=VALUE, {_CLEAR_PREFIX}{name.upper()} or a line under vars:'


class _UndefinedName(UndefinedError):
    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} is undefined")
        self.name = name


class _Undefined(StrictUndefined):
    """Says which variable it was, so that the next one can be found too."""

    def _fail_with_undefined_error(self, *args: object, **kwargs: object) -> NoReturn:
        if self._undefined_obj is missing and self._undefined_name is not None:
            raise _UndefinedName(self._undefined_name)
        super()._fail_with_undefined_error(*args, **kwargs)

    __iter__ = __str__ = __len__ = _fail_with_undefined_error
    __eq__ = __ne__ = __bool__ = __hash__ = _fail_with_undefined_error
    __contains__ = _fail_with_undefined_error


class _MarkLines(Extension):
    """Puts the number of its source line before each piece of literal text."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            yield Token(token.lineno, "data", _marked(token)) if token.type == "data" else token


def _marked(token: Token) -> str:
    lines = token.value.split("\n")
    return "\n".join(f"\x01{token.lineno + offset}\x02{line}" for offset, line in enumerate(lines))


def _source_lines(marked: str) -> Iterator[int]:
    current = 1
    for line in marked.split("\n"):
        # The last mark before visible text: what stood before it was a block tag that vanished.
        found = _LEADING_MARKS.match(line) or _MARK.search(line)
        current = int(found.group(1)) if found else current
        yield current


def _template_line(traceback: TracebackType | None) -> int:
    """The line of the template in which an exception arose (Jinja rewrites its frames to say so)."""
    line = 0
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == "<template>":
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line
