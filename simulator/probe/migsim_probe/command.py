"""The project's own command, run as its command line would."""

from __future__ import annotations

import sys


def run(command: list[str], alias: str) -> BaseException | None:
    """Run it, system checks included; return what a person would have seen it fail with.

    ``--traceback`` has Django raise its CommandError instead of printing it and exiting.
    """
    try:
        _run(command, alias)
    except SystemExit as error:
        return error if error.code or _inside_migration(error) else None
    except Exception as error:
        return error
    return None


def arguments(command: list[str], alias: str, known: list[str]) -> list[str]:
    """The command's arguments with what an unattended run on that alias needs, as far as the command knows it."""
    added = []
    if alias != "default" and "--database" in known and not _names_option(command, "--database"):
        added.append("--database=" + alias)
    if "--no-input" in known and not _names_option(command, "--no-input", "--noinput"):
        added.append("--no-input")
    return command[1:] + added + ["--traceback"]


def _run(command: list[str], alias: str) -> None:
    from django.core.management import CommandError, get_commands, load_command_class

    name = command[0]
    app = get_commands().get(name)
    if app is None:
        raise CommandError(f"Unknown command: {name!r}")
    instance = load_command_class(app, name) if isinstance(app, str) else app
    known = instance.create_parser(sys.argv[0], name)._option_string_actions
    instance.run_from_argv([sys.argv[0], name, *arguments(command, alias, list(known))])


def _names_option(command: list[str], *options: str) -> bool:
    return any(argument.split("=", 1)[0] in options for argument in command)


def _inside_migration(error: BaseException) -> bool:
    """A migration that calls exit(0) ends the command in its middle."""
    from migsim_probe.locate import locate

    return locate(error, "plan").migration is not None
