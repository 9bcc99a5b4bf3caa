"""psycopg2 hands on bare texts: what a project's own RAISE NOTICE says, which may be a row, is not told."""

from __future__ import annotations

import pytest
from migsim_probe.watch import _Texts


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            'NOTICE:  relation "blog_tag" already exists, skipping\n',
            ['relation "blog_tag" already exists, skipping'],
        ),
        (
            'NOTICE:  column "slug" of relation "blog_tag" already exists, skipping\n',
            ['column "slug" of relation "blog_tag" already exists, skipping'],
        ),
        (
            'NOTICE:  identifier "aaaa" will be truncated to "aaa"\n',
            ['identifier "aaaa" will be truncated to "aaa"'],
        ),
        ("NOTICE:  customer ann@example.org already exists, skipping\n", []),
        ('NOTICE:  the diary "page 1" already exists, skipping\n', []),
        ("NOTICE:  Ann's diary will be truncated to page 1\n", []),
    ],
)
def test_only_the_servers_own_words(text: str, told: list[str]) -> None:
    heard: list[str] = []
    _Texts(heard.append).append(text)
    assert heard == told
