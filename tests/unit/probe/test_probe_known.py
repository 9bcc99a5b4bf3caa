"""What is known to be a name without any database: what the scenario says, and what the server makes of names."""

from __future__ import annotations

from pathlib import Path

import pytest
from migsim_probe.hosts import Hosts
from migsim_probe.known import Known


@pytest.mark.parametrize(
    ("name", "is_known"),
    [
        ("blog_post", True),
        ("blog_post_pkey", True),
        ("blog_post_title_key", True),
        ("blog_post_title_check1", True),
        ("blog_post_id_seq", True),
        ("blog_jane_key", False),
        ("jane_pkey", False),
        ("4711", False),
        ("ValueError", True),
        ("HOME_OF_A_TEST", True),
        ("shop.settings", True),
        ("shop", True),
    ],
)
def test_names(name: str, is_known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME_OF_A_TEST", "jane")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "shop.settings")
    known = Known(["default"])
    known.add(["blog_post", "title", "id", "4711", None])
    assert (name in known.names()) is is_known


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("db.example:5432", None),
        ("cache.example:6379", None),
        ("/var/run/postgresql/.s.PGSQL.5432", None),
        ("127.0.0.1:5432", None),
        ("[::1]:5432", None),
        ("service prod:5432", None),
        ("literal.example:443", None),
        ("jane.example:443", "…"),
        ("41.11.11.11:80", "…"),
        ("/tmp/jane/.s.PGSQL.5432", "…"),
    ],
)
def test_an_address_is_shown_where_it_is_written_down(
    address: str, said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """literal.example and the like are, in the code that asks."""
    monkeypatch.setenv("CACHE_URL", "redis://:hunter2@cache.example:6379/0")
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # it holds the address
    asking = tmp_path / "asks.py"
    asking.write_text("URL = 'https://literal.example/x'; found = hosts.shown(address)")
    hosts = Hosts(lambda path: path != str(asking))
    hosts.add_settings({"DATABASES": {"default": {"HOST": "db.example", "OPTIONS": {"service": "prod"}}}})
    hosts.add_settings({"OTHER": ["/var/run/postgresql"]})
    names = {"hosts": hosts, "address": address}
    exec(compile(asking.read_text(), asking, "exec"), names)
    assert names["found"] == (address if said is None else said)
