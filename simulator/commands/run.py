"""``migsim run``: rehearse what was named, print or keep the reports, end with the exit code they add up to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from simulator import batch, boundary, engines
from simulator.commands.dump import without_file
from simulator.commands.options import Shared
from simulator.diagnosis import Trials
from simulator.errors import CannotTell, MigsimError, UsageError, most_severe
from simulator.host import store
from simulator.host.progress import Progress
from simulator.host.terminal import printer
from simulator.model import Report
from simulator.report import of_error
from simulator.reports import to_json, to_text
from simulator.run import rehearse
from simulator.scenario import files
from simulator.scenario.files import LoadedScenario, Tagged

Format = Literal["text", "json"]

# Where the dated folders of a tag's runs go.
REPORTS = Path("reports")


@dataclass(frozen=True)
class Options:
    """What the command line says beside the scenarios' names; each field but the first is named as its option."""

    shared: Shared = field(default_factory=Shared)
    format: Format = "text"
    output: Path | None = None
    keep: bool = False
    no_trials: bool = False
    try_reset: bool = False
    jobs: int = 1


# What the scenario's own process is told by the parent in another way, or needs not know.
_OF_THE_PARENT = {"shared", "format", "output", "jobs"}


@dataclass(frozen=True)
class Wanted:
    """What to rehearse: exactly one of names, a tag, or a dump with the project's folder."""

    names: tuple[str, ...] = ()
    tag: str | None = None
    dump: Path | None = None
    project: Path = Path()


def run(wanted: Wanted, options: Options) -> int:
    """Rehearse; a scenario that breaks does not stop the next. Raises UsageError before anything is started."""
    if sum(map(bool, (wanted.names, wanted.tag, wanted.dump))) != 1:
        raise UsageError("name scenarios, or give --tag, or --dump", "migsim list")
    if wanted.dump:
        return _rehearse_all([without_file(wanted.dump, wanted.project, options.shared.variables, os.environ)], options)
    if wanted.tag:
        return run_tag(wanted.tag, options, options.output or REPORTS)
    paths = [files.find(name, Path.cwd()) for name in wanted.names]
    loaded = files.read_all(paths, options.shared.variables, os.environ)
    _refuse_namesakes([str(each.path) for each in loaded], [each.scenario.name for each in loaded])
    if options.jobs > 1 and len(loaded) > 1:
        return _in_processes(Tagged(loaded, ()), options, options.output or REPORTS)
    return _rehearse_all(loaded, options)


def run_tag(tag: str, options: Options, output: Path) -> int:
    """Every scenario with that tag; the reports go to a dated folder in ``output``."""
    return _in_processes(files.with_tag(tag, Path.cwd(), options.shared.variables, os.environ), options, output)


def _refuse_namesakes(paths: Sequence[str], names: Sequence[str]) -> None:
    """A scenario's report is kept under its name."""
    for number, name in enumerate(names):
        if name in names[:number]:
            first, second = paths[names.index(name)], paths[number]
            both = f"{first} is named twice" if first == second else f"{first} and {second} have the same name"
            raise UsageError(f"{both}: one report would overwrite the other", f"migsim run {name}")


def _in_processes(wanted: Tagged, options: Options, output: Path) -> int:
    """Each scenario in a process of its own, as many at a time as the options say."""
    paths = [*(each.path for each in wanted.scenarios), *(path for path, _ in wanted.broken)]
    _refuse_namesakes([str(path) for path in paths], [files.name_of(path) for path in paths])
    _make(output)
    return batch.run_tagged(
        wanted,
        variables=options.shared.variables,
        arguments=as_arguments(options),
        environment=options.shared.set_in_environment,
        jobs=options.jobs,
        output=output,
        console=printer(),
        form=options.format,
    )


def as_arguments(options: Options) -> list[str]:
    """The options again, for each scenario's own process; each but the parent's own, whichever are added."""
    given = {name: value for name, value in vars(options).items() if value and name not in _OF_THE_PARENT}
    names = {name: f"--{name.replace('_', '-')}" for name in given}
    own = [names[name] if value is True else f"{names[name]}={value}" for name, value in given.items()]
    return [*options.shared.as_arguments(), *own]


def _rehearse_all(loaded: Sequence[LoadedScenario], options: Options) -> int:
    if options.output:
        _make(options.output)
    progress = options.shared.progress
    for line in store.sweep(engines.remove):
        progress.say(f"left by a dead run, and not removable yet: {line}")
    console = printer()
    reports = []
    for each in loaded:
        report = _one(options.shared.over(each), options, progress, alone=len(loaded) == 1)
        reports.append(report)
        if options.output:
            _keep(report, options.output)
        if options.format == "text" and report.error is None:
            console.lines([*to_text(report), ""], markup=True)
    if options.format == "json":
        console.document(to_json(reports) + "\n")
    elif len(reports) > 1:
        results = [batch.of_report(report) for report in reports]
        console.lines([*batch.table(results), batch.in_words([each.code for each in results])])
    return most_severe([each.exit_code for each in reports])


def _one(loaded: LoadedScenario, options: Options, progress: Progress, *, alone: bool) -> Report:
    """A report in any case but wrong usage: what could not be found out is one too, with its error.

    Among others a scenario that can't be meant is one as well, so that theirs are not lost.
    """
    progress.timings.clear()
    try:
        trials: Trials = "none" if options.no_trials else "all"
        return rehearse(
            loaded, options.shared.engine, progress, keep=options.keep, trials=trials, reset=options.try_reset
        )
    except UsageError as error:
        if alone:
            raise
        return _broken(loaded, CannotTell(error.lines, error.hint))
    except MigsimError as error:
        return _broken(loaded, error)
    except Exception as error:
        return _broken(loaded, boundary.explain(error))


def _broken(loaded: LoadedScenario, error: MigsimError) -> Report:
    boundary.complain(error)
    return of_error(loaded.scenario, error, datetime.now(UTC).isoformat(timespec="seconds"))


def _make(folder: Path) -> None:
    """Before anything is rehearsed: a report that can't be kept would be an hour lost."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--output {folder}: {error.strerror}", "name a folder, or one that can be made") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"--output {folder}: can't be written to", f"see who may: ls -ld {folder}")


def _keep(report: Report, folder: Path) -> None:
    """At once: what a later scenario meets must not cost this one's report."""
    (folder / f"{report.scenario}.json").write_text(to_json([report]) + "\n")
    with (folder / f"{report.scenario}.txt").open("w") as file:
        printer(file=file).lines(to_text(report), markup=True)
