"""Looking at real layouts of Django projects, and at what their code can run with."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.engines.plan import Build, Image, Interpreter, Requirements
from simulator.errors import UsageError
from simulator.project import choices, look
from simulator.project.environment import environment, unset
from simulator.project.settings_source import certainly_missing, missing_variables
from simulator.scenario import Django
from tests.support import files, projects, repository


def test_a_plain_startproject(tmp_path: Path) -> None:
    seen = look(projects.plain(tmp_path))
    assert seen.home == tmp_path
    assert seen.settings == "mysite.settings"
    assert seen.source.databases == (("default", "django.db.backends.postgresql"), ("archive", None))
    assert choices(Django(), seen, tmp_path) == (Requirements((tmp_path / "requirements.txt",)),)


def test_settings_in_several_files_with_variables(tmp_path: Path) -> None:
    seen = look(projects.layered(tmp_path))
    assert seen.settings == "config.settings.local"
    assert seen.other_settings == ("config.settings.production", "config.settings.test")
    found = missing_variables(seen.source, {"REDIS_URL"})
    assert {(variable.name, variable.path.name, variable.required) for variable in found} == {
        ("DJANGO_SECRET_KEY", "base.py", True),
        ("SENTRY_DSN", "base.py", False),
        ("LOCAL_ONLY", "local.py", True),
    }
    assert choices(Django(), seen, tmp_path) == (Requirements((tmp_path / "requirements/local.txt",), python="3.12"),)


def test_what_production_serves_is_chosen_together(tmp_path: Path) -> None:
    """Its settings by its WSGI module, then the requirements and the files of variables of that name."""
    wsgi = projects.MANAGE.format(settings="config.settings.production")
    secrets = {".envs/.production/.django": "DJANGO_SECRET_KEY=x\n", ".envs/.production/.postgres": "POSTGRES_DB=y\n"}
    local = {".envs/.local/.django": "LOCAL_ONLY=1\n", ".env": "OTHER=1\n"}
    top = files.write(projects.layered(tmp_path), {"config/wsgi.py": wsgi, **secrets, **local})
    seen = look(top)
    assert (seen.settings, seen.settings_from) == ("config.settings.production", top / "config/wsgi.py")
    assert seen.packaging.requirements == top / "requirements/production.txt"
    assert seen.env_files == (top / ".envs/.production/.django", top / ".envs/.production/.postgres")
    assert seen.env_names == {"DJANGO_SECRET_KEY", "POSTGRES_DB"}
    by_manage = look(top, as_served=False)
    assert (by_manage.settings, by_manage.packaging.requirements) == (
        "config.settings.local",
        top / "requirements/local.txt",
    )
    assert by_manage.env_files == (top / ".envs/.local/.django",)
    said = look(top, settings="config.settings.production", as_served=False)
    assert said.packaging.requirements == top / "requirements/production.txt"


NEEDS = "import os\nKEY = os.environ['KEY']\nfrom .more import *\n"


@pytest.mark.parametrize(
    ("changed", "missing"),
    [
        ({}, {"KEY", "MORE"}),
        ({"mysite/more.py": "import os\nif os.name == 'nt':\n    MORE = os.environ['MORE']\n"}, {"KEY"}),
        ({"mysite/more.py": "import os\nMORE = os.environ['MORE'] if os.name == 'nt' else 1\n"}, {"KEY"}),
        ({"mysite/more.py": "import os\ndef later():\n    return os.environ['MORE']\n"}, {"KEY"}),
        ({"mysite/more.py": "import os\nMORE = os.environ.get('MORE')\n"}, {"KEY"}),
        ({"mysite/settings.py": NEEDS.replace("from", "if KEY:\n    from")}, {"KEY"}),
        ({"mysite/settings.py": f"from dotenv import load_dotenv\nload_dotenv()\n{NEEDS}"}, set()),
        ({"mysite/settings.py": f"import helpers\n{NEEDS}", "helpers.py": "import os\nos.putenv('KEY', '1')\n"}, set()),
        ({"mysite/settings.py": f"import os\nos.environ['KEY'] = '1'\n{NEEDS}"}, set()),
        ({"manage.py": f"import os\nos.environ.setdefault('KEY', '1')\n{projects.MANAGE}"}, set()),
    ],
)
def test_which_variables_the_settings_fail_without_for_sure(
    changed: dict[str, str], missing: set[str], tmp_path: Path
) -> None:
    usual = {"mysite/settings.py": NEEDS, "mysite/more.py": "import os\nMORE = int(os.environ['MORE'])\n"}
    manage = {"manage.py": projects.MANAGE.format(settings="mysite.settings")}
    written = {name: text.replace("{settings}", "mysite.settings") for name, text in changed.items()}
    seen = look(files.write(projects.plain(tmp_path), {**usual, **manage, **written}))
    found = certainly_missing(seen.source, {"GIVEN"}, seen.managers[0])
    assert {one.name for one in found} == missing
    assert not certainly_missing(seen.source, {"KEY", "MORE"}, seen.managers[0])


@pytest.mark.parametrize("settings", ["config.settings.gone", "mysite.settings"])
def test_a_wsgi_module_counts_where_its_settings_are_there_and_others(settings: str, tmp_path: Path) -> None:
    wsgi = projects.MANAGE.format(settings=settings)
    seen = look(files.write(projects.plain(tmp_path), {"mysite/wsgi.py": wsgi, ".env": "A=1\n"}))
    assert seen.settings == "mysite.settings"
    assert seen.packaging.requirements == tmp_path / "requirements.txt"
    assert seen.env_files == (tmp_path / ".env",)


def test_a_manage_py_two_folders_down_is_found_and_no_installed_one(tmp_path: Path) -> None:
    files.write(tmp_path, {"node_modules/x/manage.py": "", ".venv/x/manage.py": "", "README": ""})
    assert look(projects.plain(tmp_path / "services" / "shop").parents[1]).home == tmp_path / "services" / "shop"


DEEP = f"A = {'-' * 200_000}1\n"


def test_files_nested_beyond_all_measure_say_nothing_and_stop_nothing(tmp_path: Path) -> None:
    brackets = "[" * 50_000
    nested = {"pyproject.toml": f"a = {brackets}", "compose.yaml": f"a: {brackets}", "mysite/settings.py": DEEP}
    seen = look(files.write(projects.plain(tmp_path), nested))
    assert (seen.home, seen.source.databases) == (tmp_path, ())


def test_a_project_below_with_its_packaging_above(tmp_path: Path) -> None:
    top = projects.below(repository.new(tmp_path / "shop").root)
    seen = look(top)
    assert seen.home == top / "src"
    assert choices(Django(), seen, top) == (Requirements((top / "pyproject.toml",)),)
    assert choices(Django(project="src"), look(top / "src"), top) == (Requirements((top / "pyproject.toml",)),)


def test_what_is_above_the_repository_is_not_the_projects(tmp_path: Path) -> None:
    files.write(tmp_path, {"requirements.txt": "django\n", "Dockerfile": "FROM scratch\n"})
    top = files.write(repository.new(tmp_path / "shop").root, {"manage.py": projects.MANAGE})
    with pytest.raises(UsageError, match="says how to install it"):
        choices(Django(), look(top), top)


def test_the_scenarios_root_counts_where_there_is_no_repository(tmp_path: Path) -> None:
    top = projects.below(tmp_path)
    seen = look(top / "src", tops=(top,))
    assert choices(Django(project="src"), seen, top) == (Requirements((top / "pyproject.toml",)),)


def test_a_refs_own_files_go_before_those_of_the_working_tree(tmp_path: Path) -> None:
    tree = {"src/manage.py": projects.MANAGE, "requirements.txt": ""}
    root = files.write(tmp_path / "shop", {**tree, "untracked.txt": ""})
    checkout = files.write(tmp_path / "run/code", tree)
    seen = look(checkout / "src", tops=(checkout,))
    named = Django(project="src", ref="old", requirements="requirements.txt")
    assert choices(named, seen, root) == (Requirements((checkout / "requirements.txt",)),)
    assert choices(Django(project="src", ref="old"), seen, root) == (Requirements((checkout / "requirements.txt",)),)
    untracked = Django(project="src", ref="old", requirements="untracked.txt")
    assert choices(untracked, seen, root) == (Requirements((root / "untracked.txt",)),)


def test_a_dockerfile_comes_first_and_the_rest_is_kept_for_the_other_engine(tmp_path: Path) -> None:
    seen = look(projects.dockerised(tmp_path))
    assert choices(Django(), seen, tmp_path) == (
        Build(tmp_path.resolve(), "docker/Dockerfile", "app", {"VERSION": "1.10"}),
        Requirements((tmp_path / "requirements.txt",)),
        Interpreter(tmp_path / ".venv/bin/python"),
    )


@pytest.mark.parametrize("args", ["[VERSION=a=b, DEBUG=true, FROM_SHELL]", "{VERSION: a=b, DEBUG: true, FROM_SHELL: }"])
def test_build_arguments_of_a_compose_file(tmp_path: Path, args: str) -> None:
    compose = f"services: {{web: {{build: {{context: ., args: {args}}}}}}}\n"
    seen = look(files.write(projects.plain(tmp_path), {"compose.yaml": compose, "Dockerfile": "FROM scratch\n"}))
    first, *_ = choices(Django(), seen, tmp_path)
    assert first == Build(tmp_path.resolve(), args={"VERSION": "a=b", "DEBUG": "true"})


def test_a_ref_puts_its_checkout_over_the_image(tmp_path: Path) -> None:
    seen = look(projects.dockerised(tmp_path))
    first, *_ = choices(Django(ref="feature/x"), seen, tmp_path)
    assert isinstance(first, Build)
    assert first.checkout
    assert choices(Django(image="app:1", merge=("a",)), seen, tmp_path) == (Image("app:1", checkout=True),)
    assert choices(Django(image="app:1"), seen, tmp_path) == (Image("app:1"),)


def test_a_named_python_asks_for_a_virtual_environment(tmp_path: Path) -> None:
    seen = look(projects.dockerised(tmp_path))
    assert choices(Django(python="3.8"), seen, tmp_path) == (Requirements((tmp_path / "requirements.txt",), "3.8"),)


def test_what_is_named_is_relative_to_the_scenario_or_to_the_project(tmp_path: Path) -> None:
    root = files.write(tmp_path, {"other.txt": "", "shop/manage.py": projects.MANAGE, "shop/requirements.txt": ""})
    seen = look(root / "shop")
    django = Django(project="shop", requirements="requirements.txt", system_packages=("gdal-bin",))
    assert choices(django, seen, root) == (Requirements((root / "shop/requirements.txt",), None, ("gdal-bin",)),)
    assert choices(Django(requirements="other.txt"), seen, root) == (Requirements((root / "other.txt",)),)


@pytest.mark.parametrize(
    ("django", "message"),
    [
        (Django(requirements="no.txt"), "django.requirements: .*/no.txt: no such file"),
        (Django(interpreter="no/python"), "django.interpreter: .*/no/python: no such file"),
        (Django(build={"context": "no"}), "django.build: .*/no: no such file"),  # type: ignore[arg-type]
        (Django(build={"context": ".", "dockerfile": "No"}), "django.build: .*/No: no such file"),  # type: ignore[arg-type]
    ],
)
def test_what_is_named_must_be_there(django: Django, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        choices(django, look(projects.plain(tmp_path)), tmp_path)


def test_no_project_and_several(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no manage\.py"):
        choices(Django(), look(tmp_path), tmp_path)
    files.write(tmp_path, {"a/manage.py": projects.MANAGE, "b/manage.py": projects.MANAGE})
    with pytest.raises(UsageError, match=r"holds several projects: a/manage\.py, b/manage\.py"):
        choices(Django(), look(tmp_path), tmp_path)


def test_dependencies_in_another_tools_format_are_named(tmp_path: Path) -> None:
    poetry = '[tool.poetry.dependencies]\npython = "^3.11"\ndjango = "^5.2"\n'
    top = files.write(tmp_path, {"manage.py": projects.MANAGE, "pyproject.toml": poetry})
    with pytest.raises(UsageError, match=r"pyproject\.toml lists the dependencies in its own tool's format"):
        choices(Django(), look(top), top)


@pytest.mark.parametrize(
    ("written", "python"),
    [
        ({".python-version": "3.12.4\n"}, "3.12"),
        ({"runtime.txt": "python-3.10.14\n"}, "3.10"),
        ({"pyproject.toml": '[project]\nrequires-python = ">=3.8"\n'}, None),
        ({"pyproject.toml": '[project]\nrequires-python = ">=3.99"\n'}, "3.99"),
    ],
)
def test_which_python_a_project_asks_for(written: dict[str, str], python: str | None, tmp_path: Path) -> None:
    assert look(files.write(projects.plain(tmp_path), written)).packaging.python == python


def test_code_is_read_and_never_run(tmp_path: Path) -> None:
    trap = "raise SystemExit('was run')\n"
    top = files.write(projects.plain(tmp_path), {"mysite/__init__.py": trap, "sitecustomize.py": trap})
    files.write(top, {"mysite/settings.py": f"from .broken import *\nX = '\\d'\n{trap}", "mysite/broken.py": "def ("})
    assert look(top).settings == "mysite.settings"


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    files.write(tmp_path, {".env": "A=file\nB=file\nC=${SHELL_ONLY}\n"})
    django = Django.model_validate({"environment": ["A=given", "B", "D", "E"], "env_file": ".env"})
    environ = {"B": "shell", "D": "shell", "SHELL_ONLY": "c", "OTHER": "never"}
    assert environment(django, tmp_path, environ) == {"A": "given", "B": "shell", "C": "c", "D": "shell"}
    assert unset(django, tmp_path, environ) == ("E",)


def test_of_several_env_files_the_later_goes_before(tmp_path: Path) -> None:
    files.write(tmp_path, {"a.env": "A=1\nB=1\n", "b.env": "B=2\n"})
    django = Django.model_validate({"env_file": ["a.env", "b.env"]})
    assert environment(django, tmp_path, {}) == {"A": "1", "B": "2"}


def test_an_env_file_that_is_missing_or_broken(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"django\.env_file: .*/\.env: no such file"):
        environment(Django(env_file=(".env",)), tmp_path, {})
    files.write(tmp_path, {".env": "A=1\nB='open secret\n"})
    with pytest.raises(UsageError, match=r"/\.env:2: has an open quote$") as caught:
        environment(Django(env_file=(".env",)), tmp_path, {})
    assert "secret" not in caught.value.message
