"""Started as ``PYTHON <this folder>/run.py REQUEST.json`` in the folder that holds manage.py; see README.md."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def _import_probe():
    """Import all of the probe, then take its folder off sys.path: the project must not meet our names there."""
    sys.path.insert(0, HERE)
    try:
        from migsim_probe.main import main
    finally:
        sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or os.curdir) != HERE]
    return main


if __name__ == "__main__":
    _import_probe()(sys.argv[1])
