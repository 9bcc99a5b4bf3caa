"""Virtual environments for the project's requirements, cached by their content and their Python."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from uv import find_uv_bin

from simulator.engines import index, requirements
from simulator.engines.embedded.interpreters import Python
from simulator.engines.requirements import Gathered
from simulator.errors import CannotTell
from simulator.host import process, store
from simulator.model import Outcome

# What the installing step, and nothing else, sees of our environment: how to reach an index from here.
PASSED_TO_THE_INSTALLER = re.compile(
    r"(UV|PIP)_\w+|(HTTP|HTTPS|ALL|NO|FTP)_PROXY|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NETRC"
    r"|PATH|HOME|LANG|LC_ALL|XDG_CACHE_HOME|LD_LIBRARY_PATH|CC|CXX|C?FLAGS|LDFLAGS|CPATH|LIBRARY_PATH",
    re.IGNORECASE,
)
# pip's names for what uv calls otherwise; uv's own, where set, win.
UV_NAMES = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
    "PIP_CONSTRAINT": "UV_CONSTRAINT",
    "PIP_CERT": "SSL_CERT_FILE",
}
LIKE_PIP = {
    "UV_NATIVE_TLS": "1",  # the system's certificates: a company's own authority is there
    "UV_INDEX_STRATEGY": "unsafe-best-match",  # the best version of all indexes, not of the first that has one
    "UV_COMPILE_BYTECODE": "1",
    "UV_NO_PROGRESS": "1",
    "PIP_NO_INPUT": "1",
}
# The last with pkg_resources, and the last that translates Python 2; `python -m venv` brings one before 3.12.
OLD_SETUPTOOLS = "setuptools<81"
OLDEST_SETUPTOOLS = "setuptools<58"
WITHOUT_SETUPTOOLS = (3, 12)


def virtual_environment(
    files: tuple[Path, ...], python: Python, temporary: Path, tell: Callable[[str], None] = lambda _text: None
) -> Path:
    """The ``bin/python`` of an environment that has what ``files`` ask for; made once, then found.

    ``temporary`` is an existing folder for the installers' own files.
    Raises CannotTell that names the file and the installer's own last line.
    """
    wanted = requirements.gather(files)
    local = _local(files[0], wanted)
    with store.cached("venvs", _key(wanted, python, local)) as (folder, ready):
        interpreter = folder / "bin" / "python"
        if not ready:
            tell(f"installing {files[0].name} with Python {python.version}; kept for later runs")
            environment = _installer_environment(temporary)
            _make(folder, python, environment)
            # A .pth file says where an editable's code is; setuptools' other way hides it from whoever looks.
            compatible = ("--config-settings", "editable_mode=compat") if local else ()
            _install(files[0], (*wanted.arguments, *compatible), interpreter, environment)
    return interpreter


def _local(file: Path, wanted: Gathered) -> tuple[Path, ...]:
    """What the file's lines install from on this machine, relative to its folder, where the installers run."""
    return tuple((file.resolve().parent / text).resolve() for text in wanted.local)


def _key(wanted: Gathered, python: Python, local: tuple[Path, ...]) -> str:
    """The same for the same content; code that is installed from this machine is told apart by place and state."""
    digest = hashlib.sha256(f"3 {python.path} {python.version} {wanted.arguments}".encode())
    for name, content in wanted.contents:
        digest.update(f"\0{name}\0".encode() + content)
    for path in local:
        digest.update(f"\0{path}\0".encode())
        for member in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            state = member.stat() if member.exists() else None
            digest.update(f"{member}\0{state and (state.st_size, state.st_mtime_ns)}\0".encode())
    return digest.hexdigest()[:24]


def _make(folder: Path, python: Python, environment: Mapping[str, str]) -> None:
    # With the interpreter's full path uv looks for nothing, so no shim is asked. Without an index at hand there is
    # nothing to seed from; pip is then the interpreter's own, or missing.
    uv = (find_uv_bin(), "venv", "--no-project", "--allow-existing", "--python", str(python.path))
    ways = ((*uv, "--seed"), (str(python.path), "-m", "venv"), uv)
    outcomes = _until_one_works([(*way, str(folder)) for way in ways], environment, folder)
    if outcomes[-1].code != 0:
        said = _last_line(outcomes[-1])
        raise CannotTell(f"no virtual environment could be made with {python.path}: {said}", "migsim doctor")
    if python.numbers < WITHOUT_SETUPTOOLS:
        process.run(_uv_install(folder / "bin" / "python", OLD_SETUPTOOLS), environment=environment)


def _install(file: Path, arguments: Sequence[str], interpreter: Path, environment: Mapping[str, str]) -> None:
    """Install with uv; what uv refuses, pip gets a try at, since pip is what the file was written for.

    Sources are built with a setuptools that they know; at last with one that still translates from Python 2.
    """
    if not arguments:
        return
    pip = (str(interpreter), "-m", "pip", "install", "--disable-pip-version-check", "-q", *arguments)
    usual, oldest = (
        (*_uv_install(interpreter, *arguments), "--build-constraints", _written(setuptools, environment))
        for setuptools in (OLD_SETUPTOOLS, OLDEST_SETUPTOOLS)
    )
    outcomes = _until_one_works((usual, pip, oldest), environment, file.parent)
    if outcomes[-1].code != 0:
        raise index.unreachable(str(file), (outcome.stderr for outcome in outcomes)) or CannotTell(
            f"{file} could not be installed: {_last_line(outcomes[1])}",
            "correct it, name another `python:`, or use `interpreter:` with one that has everything",
        )


def _until_one_works(ways: Sequence[Sequence[str]], environment: Mapping[str, str], cwd: Path) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for way in ways:
        outcomes.append(process.run(way, environment=environment, cwd=str(cwd)))
        if outcomes[-1].code == 0:
            break
    return outcomes


def _uv_install(interpreter: Path, *arguments: str) -> tuple[str, ...]:
    return (find_uv_bin(), "pip", "install", "--python", str(interpreter), *arguments)


def _written(line: str, environment: Mapping[str, str]) -> str:
    """A requirements file of one line, among the installers' own files."""
    path = Path(environment["TMPDIR"]) / f"{hashlib.sha256(line.encode()).hexdigest()[:8]}.txt"
    path.write_text(f"{line}\n")
    return str(path)


def _installer_environment(temporary: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if PASSED_TO_THE_INSTALLER.fullmatch(name)}
    translated = {
        uv: ours[pip].replace(" ", ",") if uv == "UV_FIND_LINKS" else ours[pip]
        for pip, uv in UV_NAMES.items()
        if pip in ours and uv not in ours
    }
    return {**LIKE_PIP, **ours, **translated, "TMPDIR": str(temporary)}


def _last_line(outcome: Outcome) -> str:
    """The installer's own last word on what went wrong, without what could be a credential in an index's address."""
    lines = [line.strip(" ×│╰─▶├") for line in (outcome.stderr or outcome.stdout).splitlines() if line.strip()]
    # pip's names for its own stages ("error: metadata-generation-failed") come after what failed in them.
    said = [line for line in lines if re.match(r"(\w*Error|ERROR|error): (?![a-z]+(-[a-z]+)+$)", line)]
    return re.sub(r"://[^/@\s]+@", "://…@", (said or lines or ["it said nothing"])[-1])
