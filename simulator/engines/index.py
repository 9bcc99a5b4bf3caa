"""Whether an installer failed because it did not reach its package index, which pip words as a missing version."""

from __future__ import annotations

import re
from collections.abc import Iterable

from simulator.errors import CannotTell

# What pip (urllib3) and uv (reqwest) write on the way to their last line, the plainest reason first.
_REASONS = (
    (re.compile(r"CERTIFICATE_VERIFY_FAILED|invalid peer certificate|SSLError|SSLCertVerification"), "its certificate"),
    (re.compile(r"ProxyError|Tunnel connection failed|proxy connect"), "the proxy"),
    (re.compile(r"NameResolutionError|Name or service not known|name resolution|dns error"), "its name is not known"),
    (re.compile(r"Connection refused"), "connection refused"),
    (re.compile(r"Network is unreachable|No route to host"), "no way there"),
    (re.compile(r"ConnectTimeout|ReadTimeout|timed out"), "no answer in time"),
    (re.compile(r"\b40[13] (?:Client Error|Unauthorized|Forbidden)|HTTP status client error \(40[13]"), "not let in"),
    (re.compile(r"NewConnectionError|tcp connect error|error sending request"), "no connection"),
)


def unreachable(files: str, said: Iterable[str]) -> CannotTell | None:
    """The error, where one of the installers' outputs says so; ``files`` are what was to be installed."""
    texts = tuple(said)
    for form, reason in _REASONS:
        if any(form.search(text) for text in texts):
            return CannotTell(
                f"{files} can't be installed: the package index was not reached ({reason})",
                "look at PIP_INDEX_URL, HTTPS_PROXY and PIP_CERT, which are passed on, then run it again",
            )
    return None
