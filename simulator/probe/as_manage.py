"""manage.py's own command line, on the sandbox's databases: how a fix's script is rehearsed.

MIGSIM_SANDBOX names a request file as mode ``migrate`` has it; everything else is the caller's command line.
"""

from __future__ import annotations

import json
import os
import runpy
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def main() -> None:
    sys.path.insert(0, HERE)
    from migsim_probe import databases, start
    from migsim_probe.network import Watch

    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or os.curdir) != HERE]
    with open(os.environ["MIGSIM_SANDBOX"], encoding="utf-8") as file:
        request = json.load(file)
    Watch(request["databases"].values(), bool(request.get("guard")), lambda _kind, _address: None).install()
    if request["settings"]:
        os.environ[start.SETTINGS] = request["settings"]
    start.after_settings(lambda settings: databases.take(settings, request["databases"], request["alias"]))
    manage = os.path.abspath(request["manage"])
    sys.path.insert(0, os.path.dirname(manage))
    sys.argv[0] = manage
    runpy.run_path(manage, run_name="__main__")


main()
