"""What this machine's way to the outside looks like, for the one step that has a network: installing.

A company's certificate authority, its package index and its proxy. None of it may last: it is given to single
commands in a throwaway container, never to an image, a volume or a container's own settings.
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

# Where tools look for a bundle of certificate authorities, the most specific one first.
BUNDLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
# pip's settings that make sense on another machine; paths of this one (find-links, cache-dir ...) do not.
_PIP_SETTINGS = ("index-url", "extra-index-url", "trusted-host", "timeout", "retries", "no-index", "pre")
# uv's names for the same, as far as pip knows the thing.
_UV_NAMES = {
    "UV_DEFAULT_INDEX": "PIP_INDEX_URL",
    "UV_INDEX_URL": "PIP_INDEX_URL",
    "UV_INDEX": "PIP_EXTRA_INDEX_URL",
    "UV_EXTRA_INDEX_URL": "PIP_EXTRA_INDEX_URL",
    "UV_INSECURE_HOST": "PIP_TRUSTED_HOST",
}


def index_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """pip's settings for reaching its index, as variables: pip's own variables, else uv's, else its files."""
    found: dict[str, str] = {}
    for setting in _PIP_SETTINGS:
        name = f"PIP_{setting.replace('-', '_').upper()}"
        if value := environment.get(name) or _of_uv(environment, name) or _of_files(environment, setting):
            found[name] = value
    return found


def proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """The proxy variables, in both spellings."""
    found: dict[str, str] = {}
    for name in _PROXIES:
        if value := environment.get(name) or environment.get(name.upper()):
            found[name] = found[name.upper()] = value
    return found


def certificates(environment: Mapping[str, str]) -> bytes | None:
    """The bundle of certificate authorities that this machine names; None: nothing special."""
    named = [environment.get(name) for name in BUNDLES]
    for path in [*named, _of_files(environment, "cert")]:
        if path and Path(path).is_file():
            return Path(path).read_bytes()
    return None


def _of_uv(environment: Mapping[str, str], name: str) -> str | None:
    return next((environment[uv] for uv, pip in _UV_NAMES.items() if pip == name and environment.get(uv)), None)


def _of_files(environment: Mapping[str, str], setting: str) -> str | None:
    """pip's own files, the most specific one first (pip's documentation, "Configuration")."""
    for path in _pip_files(environment):
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read(path)
        except (configparser.Error, UnicodeDecodeError):
            continue  # pip itself will say what is wrong with it
        for section in ("install", "global"):
            if value := parser.get(section, setting, fallback=None):
                return " ".join(value.split())
    return None


def _pip_files(environment: Mapping[str, str]) -> Iterator[Path]:
    named = environment.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    if named:
        yield Path(named)
    home = Path(environment.get("HOME") or Path.home())
    yield Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf"
    yield home / ".pip" / "pip.conf"
    yield Path("/etc/pip.conf")
