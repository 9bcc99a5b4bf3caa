"""Started as ``PYTHON <this folder>/run.py REQUEST.json`` in the folder that holds manage.py; see README.md."""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
OLDEST = (3, 8)


def _refuse_old_python(request):
    """Say so in the trace. The rest of the probe does not compile on such a Python; this file does on any."""
    with open(request) as file:
        path = json.load(file)["trace"]
    version = ".".join(map(str, sys.version_info[:3]))
    oldest = ".".join(map(str, OLDEST))
    failure = {
        "exception": "SyntaxError",
        "message": "the project's Python is " + version + ", and the oldest that migsim can look into is " + oldest,
        "phase": "settings",
        "facts": {"old_python": version},
    }
    with open(path, "a") as file:
        for event in (dict(failure, event="failure"), {"event": "end"}):
            file.write(json.dumps(dict(event, v=1)) + "\n")


def _import_probe():
    """Import all of the probe, then take its folder off sys.path: the project must not meet our names there."""
    sys.path.insert(0, HERE)
    writes_none = sys.dont_write_bytecode
    sys.dont_write_bytecode = False  # the folder is the run's own: its next process need not compile all of this again
    try:
        from migsim_probe.main import main
    finally:
        sys.dont_write_bytecode = writes_none
        sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or os.curdir) != HERE]
    return main


if __name__ == "__main__":
    if sys.version_info < OLDEST:
        _refuse_old_python(sys.argv[1])
        sys.exit(0)
    _import_probe()(sys.argv[1])
