"""What ``migsim guard`` takes on a repository of 2,000 migrations and 10,000 commits.

It is measured against the command that a person would type for the first half of the answer, ``git merge-tree``, and
against the start of a Python, in turns. Usage:

    python benchmarks/guard_on_a_large_repository.py [--rounds N] [--migrations N] [--commits N]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

APPS = 100


def main() -> int:
    """Make the repository, measure, print one line; 1 where a guard takes more than a second."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--migrations", type=int, default=2_000)
    parser.add_argument("--commits", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder) / "large"
        make(repository, options.migrations, options.commits)
        commands: dict[str, Sequence[str]] = {
            "python": (sys.executable, "-c", ""),
            "git merge-tree": ("git", "merge-tree", "--write-tree", "main", "feature"),
            "guard": (sys.executable, "-m", "simulator", "guard", "--base", "main", "--head", "feature"),
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(options.rounds + 1):
            for name, command in commands.items():
                started = time.monotonic()
                done = subprocess.run(command, cwd=repository, capture_output=True, check=False)
                if done.returncode not in (0, 1):
                    raise SystemExit(done.stderr.decode())
                if number:  # the first turn fills the caches
                    times[name].append(time.monotonic() - started)
    middle = {name: statistics.median(found) for name, found in times.items()}
    print(f"{options.migrations} migrations, {options.commits} commits; medians of {options.rounds}")
    for name, seconds in middle.items():
        print(f"{name:<16}{seconds:>8.3f} s   guard takes {middle['guard'] / seconds:>6.1f} times that")
    return int(middle["guard"] > 1)


def make(repository: Path, migrations: int, commits: int) -> None:
    """main with all of them, and a branch with a migration more for one app beside one that main got meanwhile."""
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(repository)], check=True)
    text = "".join(_history(migrations, commits))
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repository, input=text.encode(), check=True)
    subprocess.run(["git", "checkout", "--quiet", "--force", "feature"], cwd=repository, check=True)
    subprocess.run(["git", "gc", "--quiet"], cwd=repository, check=True)


def _history(migrations: int, commits: int) -> Iterator[str]:
    per_app = migrations // APPS
    yield _commit("refs/heads/main", "start", {"manage.py": "\n"})
    for number in range(commits):
        files = {f"code/module_{number % 500}.py": f"VALUE = {number}\n"}
        if number < migrations:
            app, place = number % APPS, number // APPS + 1
            if place <= per_app:
                files |= _migration(f"app{app}", place, place - 1)
        yield _commit("refs/heads/main", f"commit {number}", files)
    yield "reset refs/heads/feature\nfrom refs/heads/main\n\n"
    yield _commit("refs/heads/feature", "ours", _migration("app7", per_app + 1, per_app, "ours"))
    yield _commit("refs/heads/main", "theirs", _migration("app7", per_app + 1, per_app, "theirs"))


def _migration(app: str, number: int, parent: int, name: str = "step") -> dict[str, str]:
    depends = f"('{app}', '{parent:04}_step')" if parent else ""
    fields = "".join(f"                ('field{n}', models.CharField(max_length=100)),\n" for n in range(10))
    text = (
        "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n"
        f"    dependencies = [{depends}]\n\n    operations = [\n        migrations.CreateModel(\n"
        f"            name='Model{number}{name}',\n            fields=[\n{fields}            ],\n        ),\n    ]\n"
    )
    return {f"apps/{app}/migrations/{number:04}_{name}.py": text, f"apps/{app}/migrations/__init__.py": ""}


def _commit(ref: str, message: str, files: dict[str, str]) -> str:
    parts = [f"commit {ref}\ncommitter A <a@example.com> 1700000000 +0000\ndata {len(message)}\n{message}\n"]
    for path, text in files.items():
        parts.append(f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n")
    return "".join([*parts, "\n"])


if __name__ == "__main__":
    sys.exit(main())
