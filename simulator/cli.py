"""The command line: options -> one call of ``commands`` -> an exit code.

Each command imports what it uses when it is called, so that ``--help`` and the guard start in no time.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import simulator
from simulator import boundary, engines
from simulator.errors import UsageError
from simulator.host.terminal import printer
from simulator.postgres.libpq import forget_libpq_settings
from simulator.wording import one_line

if TYPE_CHECKING:
    from simulator.commands.options import Shared

app = typer.Typer(
    name="migsim",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Rehearse Django's migrate against a production dump, in a throwaway PostgreSQL.",
    epilog="Exit codes: 0 safe (or as expect: says), 1 would fail, 2 wrong usage or scenario, 3 could not find out, "
    "4 a bug in migsim, 130 interrupted, 141 the reader of the output left, 143 terminated.",
)
cache = typer.Typer(help="What is kept because it is slow to make again.", no_args_is_help=True)
app.add_typer(cache, name="cache")

# typer brings a command-line parser of its own, and names only the youngest of its errors in public.
WrongUsage: Any = typer.BadParameter.__mro__[1]

Form = Literal["text", "json"]


def _scenarios_that_begin(incomplete: str) -> list[str]:
    """For a shell that completes a name."""
    from simulator.scenario import files

    known = [*map(files.name_of, files.all_scenarios(Path.cwd())), *files.shipped_scenarios(Path.cwd())]
    return [name for name in known if name.startswith(incomplete)]


Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME…", help="Scenarios, by name or path.", autocompletion=_scenarios_that_begin),
]
Name = Annotated[str, typer.Argument(help="A scenario, by name or path.", autocompletion=_scenarios_that_begin)]
Variables = Annotated[
    list[str] | None, typer.Option("--set", metavar="K=V", help="A variable of the scenario file; may be repeated.")
]
EngineName = Annotated[
    str,
    typer.Option(
        "--engine",
        envvar="MIGSIM_ENGINE",
        metavar=f"[{'|'.join((engines.AUTO, *engines.ENGINES))}]",
        callback=engines.check_name,
        help="Where throwaway things run.",
    ),
]
Tier = Annotated[
    Literal["data", "schema"] | None, typer.Option("--tier", help="All rows, or the catalog and the history only.")
]
Confine = Annotated[
    Literal["require", "if-possible"] | None,
    typer.Option(
        "--confine",
        envvar="MIGSIM_CONFINE",
        help="Embedded: whether to go on where the kernel allows no namespace.",
    ),
]
Environment = Annotated[
    list[str] | None,
    typer.Option(
        "--env",
        metavar="NAME[=VALUE]",
        help="A variable for the project's code; without a value: as it is set here. May be repeated.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress: the answer alone.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Each step of the progress a line, with its time.")]
FormatOption = Annotated[Form, typer.Option("--format", help="json: the report alone, on stdout.")]
Output = Annotated[
    Path | None, typer.Option("--output", metavar="DIR", help="Keep each report there, as JSON and text.")
]
Jobs = Annotated[int, typer.Option("--jobs", min=1, metavar="N", help="How many scenarios at a time.")]


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        printer().line(f"migsim {simulator.__version__}")
        raise typer.Exit


@app.command(epilog="Examples:  migsim run prod-copy   migsim run --dump prod.dump   migsim run --tag nightly --jobs 2")
def run(
    names: Names = None,
    dump: Annotated[Path | None, typer.Option(metavar="FILE", help="Rehearse this dump; no scenario needed.")] = None,
    project: Annotated[Path, typer.Option(metavar="DIR", help="With --dump: where manage.py is.")] = Path(),
    tag: Annotated[str | None, typer.Option(metavar="T", help="Every scenario with this tag.")] = None,
    set_: Variables = None,
    env: Environment = None,
    engine: EngineName = engines.AUTO,
    tier: Tier = None,
    confine: Confine = None,
    format_: FormatOption = "text",
    output: Output = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the throwaway things up, and say how to get in.")] = False,
    no_trials: Annotated[
        bool, typer.Option("--no-trials", help="Name the causes, but try no fix: no clone beyond two.")
    ] = False,
    try_reset: Annotated[
        bool, typer.Option("--try-reset", help="Try the last resort as well: migrations deleted and written anew.")
    ] = False,
    jobs: Jobs = 1,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Rehearse: would migrate survive this database?"""
    from simulator.commands import run as running

    if no_trials and try_reset:
        raise UsageError("--no-trials and --try-reset exclude each other", "migsim run --help")
    options = running.Options(
        shared=_shared(set_, env, engine, tier, confine, quiet, verbose),
        format=format_,
        output=output,
        keep=keep,
        no_trials=no_trials,
        try_reset=try_reset,
        jobs=jobs,
    )
    return running.run(running.Wanted(tuple(names or ()), tag, dump, project), options)


@app.command(epilog="Examples:  migsim fix prod-copy -o fix.sh   migsim fix --dump prod.dump -o fix.sh")
def fix(
    name: Annotated[
        str, typer.Argument(help="A scenario, by name or path.", autocompletion=_scenarios_that_begin)
    ] = "",
    dump: Annotated[Path | None, typer.Option(metavar="FILE", help="Of this dump; no scenario needed.")] = None,
    project: Annotated[Path, typer.Option(metavar="DIR", help="With --dump: where manage.py is.")] = Path(),
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: stdout; .sql: for psql.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE.")] = False,
    set_: Variables = None,
    env: Environment = None,
    engine: EngineName = engines.AUTO,
    tier: Tier = None,
    confine: Confine = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Rehearse, and write the recommended fix as a script that stops wherever the database has changed."""
    from simulator.commands import fix as command

    shared = _shared(set_, env, engine, tier, confine, quiet, verbose)
    return command.run(command.Wanted(shared, name, dump, project, output, force))


@app.command(epilog="Examples:  migsim guard   migsim guard --base origin/main --format github")
def guard(
    base: Annotated[
        str, typer.Option(metavar="REF", help="What is merged into; default: CI's target, origin's HEAD.")
    ] = "",
    head: Annotated[str, typer.Option(metavar="REF", help="What is merged; default: what the next commit holds.")] = "",
    project: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="Only the projects there; may be repeated.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="ID[:APP.NAME]", help="A problem that is meant; may be repeated.")
    ] = None,
    format_: Annotated[
        Literal["text", "json", "github"], typer.Option("--format", help="github: annotations of the pull request.")
    ] = "text",
) -> int:
    """What merging this branch would do to the migration files; without a database, in under a second."""
    from simulator.commands import guard as command

    wanted = command.Wanted(base, head, tuple(project or ()), tuple(ignore or ()), format_)
    return command.run(wanted, Path.cwd(), os.environ)


@app.command()
def nightly(
    set_: Variables = None,
    env: Environment = None,
    engine: EngineName = engines.AUTO,
    tier: Tier = None,
    confine: Confine = None,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the dated folders go; default: reports.")
    ] = None,
    format_: FormatOption = "text",
    jobs: Jobs = 1,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Run every scenario tagged "nightly", keep each report in a dated folder, end with one table."""
    from simulator.commands import run as running

    options = running.Options(
        shared=_shared(set_, env, engine, tier, confine, quiet, verbose), format=format_, jobs=jobs
    )
    return running.run_tag("nightly", options, output or running.REPORTS)


@app.command()
def schedule(
    kind: Annotated[Literal["cron", "systemd", "github"], typer.Argument(help="For which scheduler.")],
) -> int:
    """Print a ready file that runs migsim nightly."""
    from simulator.commands import schedule as command

    return command.run(kind, Path.cwd())


@app.command(epilog="Examples:  migsim init   migsim init backend --dump prod.dump --name prod-copy")
def init(
    folder: Annotated[Path, typer.Argument(help="The project's folder.")] = Path(),
    name: Annotated[str, typer.Option(help="What to call the scenario.")] = "prod-copy",
    dump: Annotated[Path | None, typer.Option(metavar="FILE", help="The dump it restores.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a scenario of that name.")] = False,
) -> int:
    """Look at a project, say which environment variables are missing, write its first scenario."""
    from simulator.commands import init as command

    return command.init(folder, name=name, dump=dump, force=force, environ=os.environ, console=printer())


@app.command("list")
def list_(format_: FormatOption = "text") -> int:
    """List the scenarios that can be named here."""
    from simulator.commands import list as command

    return command.run(cwd=Path.cwd(), output_format=format_, environ=os.environ, console=printer())


@app.command()
def validate(names: Names = None, set_: Variables = None) -> int:
    """Check scenario files; without a name, all of them."""
    from simulator.commands import validate as command

    return command.run(
        tuple(names or ()), cwd=Path.cwd(), variables=_variables(set_), environ=os.environ, console=printer()
    )


@app.command()
def render(name: Name, set_: Variables = None) -> int:
    """Print a scenario as it reads after Jinja."""
    from simulator.commands import render as command

    return command.run(name, cwd=Path.cwd(), variables=_variables(set_), environ=os.environ, console=printer())


@app.command()
def showmigrations(
    name: Name,
    set_: Variables = None,
    env: Environment = None,
    engine: EngineName = engines.AUTO,
    tier: Tier = None,
    confine: Confine = None,
    format_: FormatOption = "text",
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """The baseline's history against the code: applied [X], pending [ ], recorded but not on disk [?]."""
    from simulator.commands import showmigrations as command
    from simulator.scenario import files

    shared = _shared(set_, env, engine, tier, confine, quiet, verbose)
    loaded = files.read_all([files.find(name, Path.cwd())], shared.variables, os.environ)
    return command.run(shared.over(loaded[0]), shared.engine, format_, printer(), shared.progress)


@app.command()
def doctor() -> int:
    """What of this machine can be used: engines, images, PostgreSQL, Pythons, git, disk."""
    from simulator.commands import doctor as command

    return command.run(printer())


@app.command(epilog="Examples:  migsim images   migsim images --pull   migsim images --build")
def images(
    names: Annotated[list[str] | None, typer.Argument(metavar="IMAGE…", help="Default: what most runs need.")] = None,
    pull: Annotated[bool, typer.Option("--pull", help="Pull the missing ones.")] = False,
    build: Annotated[bool, typer.Option("--build", help="Build from Debian packages what no registry gives.")] = False,
) -> int:
    """The images that the docker engine needs: list, pull or build them."""
    from simulator.commands import images as command

    return command.run(tuple(names or ()), pull=pull, build=build, console=printer())


@app.command()
def clean() -> int:
    """Remove what dead runs and --keep left behind."""
    from simulator.commands import clean as command

    return command.run(printer())


@cache.command("show")
def cache_show() -> int:
    """How much is kept, and where."""
    from simulator.commands import cache as command

    return command.show(printer())


@cache.command("prune")
def cache_prune() -> int:
    """Remove it all, Docker's volumes and images too (the whole machine's); the next run makes again what it needs."""
    from simulator.commands import cache as command

    return command.prune(printer())


def main() -> int:
    """Run the command line and return the process's exit code."""
    forget_libpq_settings(os.environ)
    return boundary.guarded(_parsed)


def _parsed() -> int:
    """typer's own errors end as wrong usage does, not as a traceback."""
    try:
        return int(app(standalone_mode=False) or 0)
    except WrongUsage as error:
        _show(error)
        return int(error.exit_code)
    except SystemExit as left:
        # The parser makes a 1 of a closed pipe, which means "would fail" here.
        if isinstance(left.__context__, BrokenPipeError):
            raise left.__context__ from None
        raise


def _show(error: Any) -> None:
    """As the parser words it; what was typed stays within its line."""
    worded, said = io.StringIO(), error.format_message()
    error.show(worded)
    printer(stderr=True).lines(worded.getvalue().rstrip("\n").replace(said, one_line(said)).split("\n"))


def _variables(pairs: list[str] | None) -> Mapping[str, str]:
    from simulator.commands import options

    return options.variables(pairs)


def _shared(
    set_: list[str] | None, env: list[str] | None, engine: str, tier: Any, confine: Any, quiet: bool, verbose: bool
) -> Shared:
    from simulator.commands import options

    if quiet and verbose:
        raise UsageError("--quiet and --verbose exclude each other", "migsim run --help")
    talk: options.Talk = "quiet" if quiet else "verbose" if verbose else "normal"
    return options.Shared(options.variables(set_), options.environment(env), engine, tier, confine, talk)
