"""``migsim run``: rehearse what was named, print or keep the reports, end with the exit code they add up to."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from rich.console import Console

import simulator
from simulator import batch as nights
from simulator import boundary, engines, project
from simulator import reports as render
from simulator import verdict as report
from simulator.diagnosis import Trials
from simulator.errors import CannotTell, MigsimError, UsageError
from simulator.host import store
from simulator.host.progress import Progress
from simulator.model import Report, Verdict
from simulator.project import first_scenario
from simulator.run import rehearse
from simulator.scenario import files as scenarios
from simulator.scenario import text as scenario_text
from simulator.scenario.files import LoadedScenario, Tagged

Format = Literal["text", "json"]

# What a run without a scenario file is called in its report.
NAME_WITHOUT_FILE = "dump"

# Where the dated folders of a tag's runs go.
REPORTS = Path("reports")


@dataclass(frozen=True)
class Options:
    """What the command line says beside the scenarios' names."""

    variables: Mapping[str, str]
    engine: str = "auto"
    tier: Literal["schema", "data"] | None = None
    confine: Literal["require", "if-possible"] | None = None
    format: Format = "text"
    output: Path | None = None
    keep: bool = False
    trials: bool = True
    reset: bool = False
    jobs: int = 1


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
        return _rehearse_all([_without_file(wanted.dump, wanted.project, options)], options)
    if wanted.tag:
        return run_tag(wanted.tag, options, options.output or REPORTS)
    paths = [scenarios.find(name, Path.cwd()) for name in wanted.names]
    loaded = scenarios.read_all(paths, options.variables, os.environ)
    if options.jobs > 1 and len(loaded) > 1:
        return _in_processes(Tagged(loaded, ()), options, options.output or REPORTS)
    return _rehearse_all(loaded, options)


def run_tag(tag: str, options: Options, output: Path) -> int:
    """Every scenario with that tag; the reports go to a dated folder in ``output``."""
    return _in_processes(scenarios.with_tag(tag, Path.cwd(), options.variables, os.environ), options, output)


def _in_processes(wanted: Tagged, options: Options, output: Path) -> int:
    """Each scenario in a process of its own, as many at a time as the options say."""
    _make(output)
    return nights.run_tagged(
        wanted,
        variables=options.variables,
        arguments=_as_arguments(options),
        jobs=options.jobs,
        output=output,
        console=Console(highlight=False, soft_wrap=True),
        form=options.format,
    )


def _as_arguments(options: Options) -> list[str]:
    """The options again, for each scenario's own process."""
    given = {"--engine": options.engine, "--tier": options.tier, "--confine": options.confine}
    return [
        *(f"{name}={value}" for name, value in given.items() if value),
        *["--keep"] * options.keep,
        *["--no-trials"] * (not options.trials),
        *["--try-reset"] * options.reset,
    ]


def _without_file(dump: Path, folder: Path, options: Options) -> LoadedScenario:
    """The scenario that ``init`` would write for that dump and the project in ``folder``."""
    seen = project.look(folder)
    text = first_scenario.scenario_for(seen, dump.resolve(), name=NAME_WITHOUT_FILE, environ=os.environ.keys())
    path = seen.folder / scenarios.FOLDER / f"{NAME_WITHOUT_FILE}.yaml"
    scenario = scenario_text.load(text, path=path, variables=options.variables, environ=os.environ)
    return LoadedScenario(scenario, path, seen.folder)


def _rehearse_all(loaded: Sequence[LoadedScenario], options: Options) -> int:
    if options.output:
        _make(options.output)
    progress = Progress(Console(stderr=True))
    for line in store.sweep(engines.remove):
        progress.say(f"left by a dead run, and not removable yet: {line}")
    reports = [_one(_with(each, options), options, progress, alone=len(loaded) == 1) for each in loaded]
    _show(reports, options.format)
    if options.output:
        _keep(reports, options.output)
    return report.gravest([each.exit_code for each in reports])


def _one(loaded: LoadedScenario, options: Options, progress: Progress, *, alone: bool) -> Report:
    """A report in any case but wrong usage: what could not be found out is one too, with its error.

    Among others a scenario that can't be meant is one as well, so that theirs are not lost.
    """
    progress.timings.clear()
    try:
        trials: Trials = "all" if options.trials else "none"
        return rehearse(loaded, options.engine, progress, keep=options.keep, trials=trials, reset=options.reset)
    except UsageError as error:
        if alone:
            raise
        return _broken(loaded, CannotTell(error.message, error.hint))
    except MigsimError as error:
        return _broken(loaded, error)
    except Exception as error:
        return _broken(loaded, boundary.explain(error))


def _broken(loaded: LoadedScenario, error: MigsimError) -> Report:
    boundary.complain(error)
    return Report(
        scenario=loaded.scenario.name,
        verdict=Verdict.UNKNOWN,
        exit_code=error.exit_code,
        tier=loaded.scenario.rehearse.tier,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={"migsim": simulator.__version__},
        error=(error.message, error.hint),
    )


def _with(loaded: LoadedScenario, options: Options) -> LoadedScenario:
    """The scenario with what the command line overrides."""
    given = {"tier": options.tier, "confine": options.confine}
    changes = {key: value for key, value in given.items() if value is not None}
    rehearse_ = loaded.scenario.rehearse.model_copy(update=changes)
    return replace(loaded, scenario=loaded.scenario.model_copy(update={"rehearse": rehearse_}))


def _show(reports: Sequence[Report], form: Format) -> None:
    if form == "json":
        sys.stdout.write(render.to_json(reports) + "\n")
        return
    console = Console(highlight=False, soft_wrap=True)
    for each in reports:
        if each.error is None:
            console.print(render.to_text(each) + "\n")
    if len(reports) > 1:
        console.print(nights.in_words([each.exit_code for each in reports]))


def _make(folder: Path) -> None:
    """Before anything is rehearsed: a report that can't be kept would be an hour lost."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--output {folder}: {error.strerror}", "name a folder, or one that can be made") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"--output {folder}: can't be written to", f"see who may: ls -ld {folder}")


def _keep(reports: Sequence[Report], folder: Path) -> None:
    for each in reports:
        (folder / f"{each.scenario}.json").write_text(render.to_json([each]) + "\n")
        with (folder / f"{each.scenario}.txt").open("w") as file:
            Console(file=file, highlight=False, soft_wrap=True).print(render.to_text(each))
