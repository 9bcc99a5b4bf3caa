"""The docker engine's pure parts: archives, settings of the outside, requirements, names of images."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from uv import find_uv_bin

from simulator.engines.docker import archive, builds, debian, images, outside
from simulator.engines.requirements import gather
from simulator.errors import CannotTell
from tests.support.files import write


def names(parts: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(parts)) as opened:
        return {member.name: member for member in opened.getmembers()}


def test_what_a_build_prints_goes_without_its_arguments_and_credentials() -> None:
    said = "Step 3: pip install from https://bob:hunter2@index/simple with s3cret-token on 3.12"
    kept = builds._without(["s3cret-token", "3.12", ""], said)
    assert kept == "Step 3: pip install from https://…@index/simple with … on 3.12"


def test_a_tree_goes_without_what_its_code_does_not_need(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "manage.py": "",
            ".git/HEAD": "",
            "env/pyvenv.cfg": "",
            "env/lib/x.py": "",
            "web/node_modules/a.js": "",
            "shop/__pycache__/a.pyc": "",
            "shop/models.py": "x",
        },
    )
    found = names(b"".join(archive.of_tree(tmp_path, "0/tree", (7, 8))))
    assert sorted(found) == ["0/tree", "0/tree/manage.py", "0/tree/shop", "0/tree/shop/models.py", "0/tree/web"]
    assert {(member.uid, member.gid) for member in found.values()} == {(7, 8)}


def test_large_files_go_only_if_git_knows_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGE", 10)
    write(tmp_path, {".gitignore": "*.dump\n", "prod.dump": "x" * 11, "small.dump": "x", "fixture.json": "x" * 11})
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    found = names(b"".join(archive.of_tree(tmp_path, "t", (0, 0))))
    assert sorted(found) == ["t", "t/.gitignore", "t/fixture.json", "t/small.dump"]


def test_links_modes_and_long_names_arrive(tmp_path: Path) -> None:
    long = "n" * 150
    write(tmp_path, {f"{long}/{long}.py": "content"})
    (tmp_path / "link").symlink_to("nowhere")
    found = names(b"".join(archive.of_path(tmp_path, "t")))
    assert found["t/link"].linkname == "nowhere"
    assert found[f"t/{long}/{long}.py"].size == 7


def test_a_file_that_shrinks_meanwhile_does_not_break_the_rest() -> None:
    parts = b"".join(archive.of_stream("cut", io.BytesIO(b"abc"), 1000))
    with tarfile.open(fileobj=io.BytesIO(parts)) as opened:
        content = opened.extractfile("cut")
        assert content
        assert content.read() == b"abc" + bytes(997)


def test_the_certificates_are_the_first_bundle_that_exists(tmp_path: Path) -> None:
    write(tmp_path, {"company.pem": "company", "pip/pip.conf": f"[global]\ncert = {tmp_path}/company.pem\n"})
    assert outside.certificates({"PIP_CERT": "/missing", "CURL_CA_BUNDLE": f"{tmp_path}/company.pem"}) == b"company"
    assert outside.certificates({"XDG_CONFIG_HOME": str(tmp_path)}) == b"company"
    assert outside.certificates({"PIP_CONFIG_FILE": "/dev/null"}) is None


def test_the_indexs_settings_are_pips_own_then_uvs_then_the_files(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"pip.conf": "[global]\nindex-url = https://file/\n[install]\ntrusted-host =\n  a\n  b\nfind-links = /w\n"},
    )
    settings = {"PIP_CONFIG_FILE": f"{tmp_path}/pip.conf"}
    assert outside.index_settings(settings) == {"PIP_INDEX_URL": "https://file/", "PIP_TRUSTED_HOST": "a b"}
    assert outside.index_settings({**settings, "UV_DEFAULT_INDEX": "https://uv/"})["PIP_INDEX_URL"] == "https://uv/"
    both = {"PIP_INDEX_URL": "https://pip/", "UV_INDEX_URL": "https://uv/", "PIP_CONFIG_FILE": "/dev/null"}
    assert outside.index_settings(both) == {"PIP_INDEX_URL": "https://pip/"}


def test_proxies_in_both_spellings() -> None:
    assert outside.proxies({"HTTPS_PROXY": "http://p:3128", "OTHER": "x"}) == {
        "https_proxy": "http://p:3128",
        "HTTPS_PROXY": "http://p:3128",
    }


def test_requirements_bring_their_includes(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a/requirements.txt": "-r ../shared/base.txt\ndjango  # -r no.txt\n-c https://example.org/pins.txt\n",
            "shared/base.txt": "--constraint=pins.txt\n",
            "shared/pins.txt": "x==1\n",
        },
    )
    found = gather([tmp_path / "a/requirements.txt"])
    assert [name for name, _ in found.contents] == ["a/requirements.txt", "shared/base.txt", "shared/pins.txt"]
    assert (found.arguments, found.folder) == (("-r", "requirements.txt"), "a")


def test_requirements_that_lie_on_this_machine_are_told(tmp_path: Path) -> None:
    elsewhere = "django\n-e git+https://example.org/x#egg=x\n--extra-index-url https://example.org\n-r base.txt\n"
    here = "-e .[dev]  # ours\n--editable=../lib\n"
    write(tmp_path, {"requirements.txt": elsewhere + here, "base.txt": "./x-1.whl ; python_version > '3'\n/opt/y\n"})
    assert gather([tmp_path / "requirements.txt"]).local == (".", "../lib", "./x-1.whl", "/opt/y")


def test_a_pyproject_is_its_dependencies(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": '[project]\ndependencies = ["django>=4.2", "six"]\n', "bad/pyproject.toml": "["})
    assert gather([tmp_path / "pyproject.toml"]).arguments == ("django>=4.2", "six")
    with pytest.raises(CannotTell, match="is not TOML"):
        gather([tmp_path / "bad/pyproject.toml"])


@pytest.mark.parametrize(
    ("image", "name", "tag"),
    [
        ("postgres", "postgres", "latest"),
        ("postgres:15", "postgres", "15"),
        ("localhost:5000/shop", "localhost:5000/shop", "latest"),
        ("localhost:5000/shop:1.4", "localhost:5000/shop", "1.4"),
        ("shop@sha256:abc", "shop", "sha256:abc"),
    ],
)
def test_names_of_images(image: str, name: str, tag: str) -> None:
    assert images.split(image) == (name, tag)


@pytest.mark.parametrize("image", debian.possible())
def test_what_debian_has_can_be_made(image: str) -> None:
    recipe = debian.recipe(image)
    assert recipe
    assert recipe.image == image


@pytest.mark.parametrize("image", ["postgres:14", "postgres:latest", "python:3.12-slim", "redis:7", "me/postgres:15"])
def test_what_debian_does_not_have_is_not_promised(image: str) -> None:
    assert debian.recipe(image) is None


def test_a_lock_of_uvs_pins_what_a_pyproject_asks_for(tmp_path: Path) -> None:
    index = tmp_path / "index"
    index.mkdir()
    for version in ("1.0", "2.0"):
        with zipfile.ZipFile(index / f"small_thing-{version}-py3-none-any.whl", "w") as wheel:
            info = f"small_thing-{version}.dist-info"
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: small-thing\nVersion: {version}\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
    project = tmp_path / "p"
    project.mkdir()
    asks = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["small-thing<2"]\n'
    (project / "pyproject.toml").write_text(f'{asks}[tool.uv]\nno-index = true\nfind-links = ["{index}"]\n')
    subprocess.run([find_uv_bin(), "lock", "--quiet", "--python", sys.executable], cwd=project, check=True)
    assert gather([project / "pyproject.toml"]).arguments == ("small-thing==1.0",)
    (project / "uv.lock").write_text("nonsense")
    with pytest.raises(CannotTell, match=r"uv\.lock can't be read by uv: "):
        gather([project / "pyproject.toml"])


def test_poetrys_own_table_is_read_by_its_backend(tmp_path: Path) -> None:
    table = '[tool.poetry]\n{}[tool.poetry.dependencies]\ndjango = "^5"\n'
    backend = '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n'
    path = tmp_path / "pyproject.toml"
    path.write_text(table.format("") + backend)
    assert gather([path]).arguments == ("-r", "pyproject.toml")
    for unreadable in (table.format(""), table.format("package-mode = false\n") + backend):
        path.write_text(unreadable)
        with pytest.raises(CannotTell, match=r"has no \[project\] table"):
            gather([path])
