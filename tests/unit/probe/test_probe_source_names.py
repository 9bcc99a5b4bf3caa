"""The names that stand in source files: identifiers, keys and paths, never what a string says."""

from __future__ import annotations

import pytest
from migsim_probe import source_names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import os, foo.bar as baz\nfrom shop.models import Customer", {"os", "foo.bar", "foo", "baz", "Customer"}),
        ("def work(apps, *rest, **more): return apps.thing(key=1)", {"work", "apps", "rest", "more", "thing", "key"}),
        ("x = {'SECRET_KEY': 'jane'}; y['OTHER']; os.getenv('THIRD', 'jane')", {"SECRET_KEY", "OTHER", "THIRD"}),
        ("env.str('FOURTH'); values.get('fifth', 'jane')", {"FOURTH", "fifth"}),
        ("INSTALLED_APPS = ['shop', 'a.b']; MIDDLEWARE += ['c.d.E']", {"shop", "a.b", "c.d.E"}),
        ("apps.get_model('app', 'ghost'); getattr(x, 'field'); q.values('a__b')", {"app", "ghost", "field", "a__b"}),
        ("models.ForeignKey('app.Ghost', related_name='posts')", {"app.Ghost", "Ghost", "posts"}),
        ("open('data/list.csv'); read('.env')", {"data/list.csv", ".env"}),
        ("execute(f\"UPDATE shop SET a = '{x}' WHERE id = 1\")", {"shop", "a", "id"}),
        ("execute(\"SELECT b FROM t WHERE c = 'jane'\")", {"b", "t", "c"}),
    ],
)
def test_names(source: str, names: set[str]) -> None:
    found = source_names.of_text(source)
    assert names <= found
    assert "jane" not in found


@pytest.mark.parametrize(
    "source",
    [
        "KEY = 'sk_live_jane'",
        "raise ValueError('no consent of jane')",
        "TOKEN = 'jane.eyJhbGci.x'",
        "PASSWORD = 'jane/hunter2/x'",
        '"""A docstring of jane."""',
        "x = f'{a} jane'",
        "NUMBER = 4111",
        "str('jane')",
        "User(name='jane')",
        "not python: jane(",
    ],
)
def test_what_a_string_says_is_no_name(source: str) -> None:
    assert not {name for name in source_names.of_text(source) if "jane" in name or name.isdigit()} or "(" in source[-1]
    assert "jane" not in source_names.of_text(source)
