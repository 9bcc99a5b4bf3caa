"""Images built here: the project's own Dockerfile, and a Python base with the Debian packages a scenario names.

Both stay as caches. Nothing of this machine's certificates or index settings is given to a build, since build
arguments end up in an image's history; proxy variables are the exception that Docker keeps out of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import requests
from docker import utils
from docker.api.build import process_dockerfile
from docker.errors import APIError, ImageNotFound

from simulator import quoting
from simulator.engines.docker import archive, outside
from simulator.engines.docker.client import Daemon
from simulator.engines.docker.objects import CACHE_LABEL
from simulator.engines.plan import Build
from simulator.errors import CannotTell, UsageError
from simulator.host import process
from simulator.host.resources import shipped

LINES_OF_OUTPUT = 6
_SHORTEST_SECRET = 6  # characters; a build argument such as 3.12 is no secret, and its digits are everywhere
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]*(:[a-z0-9]+)?(=[A-Za-z0-9.+:~-]+)?")
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_BUILDKIT = re.compile(r"BuildKit|buildx", re.IGNORECASE)


def project(daemon: Daemon, build: Build, work: Path) -> str:
    """Build the user's Dockerfile as Compose would; the image's id. Raises CannotTell with the build's last lines.

    ``work`` is the run's folder: what the build writes on this machine goes with the run.
    """
    dockerfile = build.context / build.dockerfile
    if not dockerfile.is_file():
        raise CannotTell(f"there is no {dockerfile}", "correct `build:` in the scenario")
    tag = tag_of(build)
    before = _id(daemon, tag)
    with_command = shutil.which("docker") is not None
    image = _by_command(build, tag, work) if with_command else _by_api(daemon, build, tag)
    if before and before != image:
        # Nobody names it any more; one that another run still uses stays, and is refused here.
        with contextlib.suppress(APIError):
            daemon.client.api.remove_image(before)
    return image


def with_packages(daemon: Daemon, base: str, packages: Iterable[str]) -> str:
    """The base image with those Debian packages; made once. Raises CannotTell with apt's last lines."""
    wanted = sorted(set(packages))
    for name in wanted:
        if not _PACKAGE.fullmatch(name):
            raise UsageError(f"system_packages: {name!r} is no Debian package's name", "migsim validate")
    tag = tag_of_packages(daemon, base, wanted)
    if _id(daemon, tag) is None:
        text = _template("system-packages.Dockerfile.j2", base=base, packages=quoting.words(wanted))
        what = f"system_packages: {', '.join(wanted)} could not be installed on {base}"
        context = io.BytesIO(b"".join(archive.of_contents([("Dockerfile", text.encode())])))
        options = {"buildargs": outside.proxies(os.environ)}
        _build(daemon, tag, "system", what, "apt-cache policy PACKAGE, in a container of that image", context, options)
    return tag


def tag_of(build: Build) -> str:
    """One tag for each Dockerfile, so that the next build of it takes the place of the last."""
    return f"migsim/build:{_digest(str(build.context.resolve()), build.dockerfile, build.target or '')}"


def tag_of_packages(daemon: Daemon, base: str, packages: Iterable[str]) -> str:
    """One tag for each set of packages on one very image."""
    return f"migsim/system:{_digest(str(daemon.client.images.get(base).id), *sorted(packages))}"


def _by_command(build: Build, tag: str, work: Path) -> str:
    """With the docker command: BuildKit where it is installed."""
    answer = work / "built-image"
    argv = [*_ending_with_us(), "docker", "build", "--force-rm", "--iidfile", str(answer), "--tag", tag]
    argv += ["--label", f"{CACHE_LABEL}=build", "--file", str(build.context / build.dockerfile)]
    argv += ["--target", build.target] if build.target else []
    for name in build.args:
        argv += ["--build-arg", name]  # its value comes from the environment: no other user sees that
    done = process.run([*argv, str(build.context)], environment={**os.environ, **build.args})
    if done.code != 0:
        raise _failed(build, _without(build.args.values(), done.stdout + done.stderr))
    return answer.read_text().strip()


def _ending_with_us() -> list[str]:
    """A prefix that ends the command even when we are killed, which then ends the build in the daemon."""
    return ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []


def _by_api(daemon: Daemon, build: Build, tag: str) -> str:
    """Without the docker command: the classic builder."""
    what = f"{build.context / build.dockerfile} could not be built"
    dockerfile = process_dockerfile(build.dockerfile, str(build.context))
    with tempfile.TemporaryFile() as spool:
        utils.tar(build.context, exclude=_ignored(build.context), dockerfile=dockerfile, fileobj=spool)
        options = {"dockerfile": dockerfile[0], "target": build.target, "buildargs": dict(build.args)}
        return _build(daemon, tag, "build", what, f"docker build {build.context}", spool, options)


def _ignored(context: Path) -> list[str]:
    """The patterns of its .dockerignore."""
    file = context / ".dockerignore"
    lines = [line.strip() for line in file.read_text().splitlines()] if file.exists() else []
    return [line for line in lines if line and not line.startswith("#")]


def _build(
    daemon: Daemon, tag: str, kind: str, what: str, hint: str, context: IO[bytes], options: Mapping[str, Any]
) -> str:
    """Build from a tar of ours: the file that docker-py would write one to has a name, and outlives a kill."""
    said: list[str] = []
    failed = ""
    try:
        events = daemon.client.api.build(
            fileobj=context,
            custom_context=True,
            tag=tag,
            labels={CACHE_LABEL: kind},
            rm=True,
            forcerm=True,
            decode=True,
            **options,
        )
        for event in events:  # to the end: a stream that is left lets its connection lie open
            said.append(str(event.get("stream") or ""))
            failed = failed or event.get("error", "")
    except (APIError, requests.RequestException) as error:
        raise CannotTell(f"{what}: {error}", hint) from error
    if failed:
        output = _without(options["buildargs"].values(), "".join(said) + failed)
        raise CannotTell(f"{what}: {_tail(output)}", _hint(failed, hint))
    return _id(daemon, tag) or tag


def _failed(build: Build, output: str) -> CannotTell:
    dockerfile = build.context / build.dockerfile
    return CannotTell(
        f"{dockerfile} could not be built: {_tail(output)}",
        _hint(output, f"docker build -f {dockerfile} {build.context}"),
    )


def _hint(output: str, otherwise: str) -> str:
    if _BUILDKIT.search(_tail(output)):
        return "this Dockerfile needs BuildKit: apt-get install docker-buildx-plugin (Debian: docker-buildx)"
    return otherwise


def _without(secrets: Iterable[str], output: str) -> str:
    """What a build printed, without its arguments' values and what an address holds before its host."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        output = output.replace(secret, "…") if len(secret) >= _SHORTEST_SECRET else output
    return re.sub(r"://[^/@\s]+@", "://…@", output)


def _tail(output: str) -> str:
    lines = [_COLOUR.sub("", line).strip() for line in output.splitlines()]
    return " / ".join([line for line in lines if line][-LINES_OF_OUTPUT:]) or "it said nothing"


def _id(daemon: Daemon, tag: str) -> str | None:
    try:
        return str(daemon.client.images.get(tag).id)
    except ImageNotFound:
        return None


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def _template(name: str, **values: object) -> str:
    text = (shipped("templates") / "images" / name).read_text()
    return quoting.environment(quoting.shell).from_string(text).render(**values)
