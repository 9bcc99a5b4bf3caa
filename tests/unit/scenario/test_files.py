"""Scenario files on disk: which one a name means, and which have a tag."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.errors import UsageError
from simulator.host.resources import shipped
from simulator.scenario import files as scenarios
from simulator.scenario.problems import ScenarioProblems
from tests.support import files, repository


def scenario(name: str, rest: str = "") -> str:
    return f"version: 1\nname: {name}\n{rest}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with scenarios, and one inside it where somebody works."""
    return files.write(
        repository.new(tmp_path / "shop").root,
        {
            "scenarios/prod-copy.yaml.j2": scenario("prod-copy", "tags: [nightly]\n"),
            "scenarios/staging.yaml": scenario("staging", "tags: [nightly, slow]\n"),
            "scenarios/README.md": "no scenario",
            "backend/scenarios/staging.yaml": scenario("nearer"),
            "backend/app/models.py": "",
            "odd/place.yaml": scenario("odd"),
        },
    )


def test_a_bare_name_is_found_in_the_folder_and_above(project: Path) -> None:
    assert scenarios.find("prod-copy", project) == project / "scenarios/prod-copy.yaml.j2"
    assert scenarios.find("prod-copy", project / "backend/app") == project / "scenarios/prod-copy.yaml.j2"
    assert scenarios.find("staging", project / "backend/app") == project / "backend/scenarios/staging.yaml"


def test_a_path_is_itself(project: Path) -> None:
    assert scenarios.find("odd/place.yaml", project) == project / "odd/place.yaml"
    assert scenarios.find(str(project / "odd/place.yaml"), Path("/")) == project / "odd/place.yaml"


def test_all_that_can_be_named_here(project: Path) -> None:
    assert [scenarios.name_of(path) for path in scenarios.all_scenarios(project / "backend")] == [
        "prod-copy",
        "staging",
    ]


def test_what_lies_above_the_repository_is_not_found(project: Path) -> None:
    files.write(project.parent, {"scenarios/outer.yaml": scenario("outer")})
    with pytest.raises(UsageError, match='no scenario "outer"'):
        scenarios.find("outer", project)


def test_a_wrong_name_is_answered_with_the_nearest(project: Path) -> None:
    with pytest.raises(UsageError, match=r'no scenario "prod-cpoy"; did you mean "prod-copy"\?') as caught:
        scenarios.find("prod-cpoy", project)
    assert caught.value.hint == "migsim list"


def test_a_path_that_is_not_there(project: Path) -> None:
    with pytest.raises(UsageError, match=r"odd/other\.yaml: no such file"):
        scenarios.find("odd/other.yaml", project)


def test_two_files_of_one_name_are_refused(project: Path) -> None:
    files.write(project, {"scenarios/prod-copy.yaml": scenario("rival")})
    with pytest.raises(UsageError, match="are both there"):
        scenarios.find("prod-copy", project)


def test_a_shipped_scenario_never_answers_to_a_bare_name(tmp_path: Path) -> None:
    assert scenarios.find("sample/prod-copy", tmp_path) == shipped("scenarios") / "prod-copy.yaml.j2"
    with pytest.raises(UsageError, match=r'no scenario "prod-copy": no scenarios/'):
        scenarios.find("prod-copy", tmp_path)


def test_relative_paths_are_relative_to_the_folder_above_scenarios(project: Path) -> None:
    assert scenarios.root_of(project / "scenarios/staging.yaml") == project
    assert scenarios.root_of(project / "odd/place.yaml") == project / "odd"


def test_reading_says_what_a_file_is_relative_to_and_which_variables_it_uses(project: Path) -> None:
    files.write(project, {"scenarios/new.yaml": scenario("new", "vars: {a: 1}\ndescription: '{{ b }}'\n")})
    loaded = scenarios.read(project / "scenarios/new.yaml", {"b": "text"}, {})
    assert loaded.scenario.description == "text"
    assert loaded.root == project
    assert loaded.uses == {"a", "b"}


def test_a_file_as_another_systems_editor_saves_it(project: Path) -> None:
    (project / "scenarios/dos.yaml").write_bytes("\ufeffversion: 1\r\nname: dos\r\ntags: [é]\r\n".encode())
    with pytest.raises(UsageError, match=r'dos\.yaml:3: tags\[0\]: must be a word, not "é"$'):
        scenarios.read(project / "scenarios/dos.yaml", {}, {})


def test_a_file_that_is_not_text(project: Path) -> None:
    (project / "scenarios/raw.yaml").write_bytes(b"version: 1\nname: \xff\n")
    with pytest.raises(UsageError, match=r"raw\.yaml: not UTF-8 text"):
        scenarios.read(project / "scenarios/raw.yaml", {}, {})


def test_a_variable_that_no_scenario_uses_is_refused(project: Path) -> None:
    files.write(project, {"scenarios/new.yaml": scenario("new", "description: '{{ dump }}'\n")})
    paths = [project / "scenarios/new.yaml", project / "scenarios/staging.yaml"]
    assert len(scenarios.read_all(paths, {"dump": "a"}, {})) == 2
    with pytest.raises(UsageError, match=r'--set dmup: new, staging has no such variable; did you mean "dump"\?'):
        scenarios.read_all(paths, {"dump": "a", "dmup": "b"}, {})


def test_a_tag_selects(project: Path) -> None:
    tagged = scenarios.with_tag("nightly", project, {}, {})
    assert [found.scenario.name for found in tagged.scenarios] == ["prod-copy", "staging"]
    assert tagged.broken == ()
    assert [found.scenario.name for found in scenarios.with_tag("slow", project, {}, {}).scenarios] == ["staging"]


def test_a_tag_that_none_has_is_wrong_usage(project: Path) -> None:
    with pytest.raises(UsageError, match=r'no scenario has the tag "nigthly" \(there are: nightly, slow\)') as caught:
        scenarios.with_tag("nigthly", project, {}, {})
    assert caught.value.exit_code == 2


def test_a_broken_file_that_mentions_the_tag_is_not_left_out(project: Path) -> None:
    files.write(
        project,
        {
            "scenarios/broken.yaml": scenario("broken", "tags: [nightly]\nfoo: 1\n"),
            "scenarios/other.yaml": scenario("other", "tags: [nightly-too]\nfoo: 1\n"),
        },
    )
    tagged = scenarios.with_tag("nightly", project, {}, {})
    assert [found.scenario.name for found in tagged.scenarios] == ["prod-copy", "staging"]
    ((path, error),) = tagged.broken
    assert path.name == "broken.yaml"
    assert isinstance(error, ScenarioProblems)


@pytest.mark.parametrize("path", sorted(shipped("scenarios").glob("*.yaml*")), ids=lambda path: str(path.name))
def test_every_shipped_scenario_is_valid(path: Path) -> None:
    loaded = scenarios.read(path, {}, {})
    assert loaded.scenario.name == scenarios.name_of(path)
    assert loaded.scenario.description
