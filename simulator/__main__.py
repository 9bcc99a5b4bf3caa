"""``migsim`` and ``python -m simulator``."""

import sys


def main() -> None:
    """Run the command line; a migsim that cannot even be imported is a bug (4), never Python's own 1."""
    try:
        sys.exit(_command_line())
    except KeyboardInterrupt:  # before migsim's own handler stands
        sys.stderr.write("migsim: interrupted; nothing was started\n")
        sys.exit(130)


def _command_line() -> int:
    try:
        from simulator.host import streams

        streams.prepare()
        from simulator.cli import main as command_line
    except Exception as error:
        sys.stderr.write(f"migsim: broken installation: {type(error).__name__}: {error}\n")
        sys.stderr.write("hint: install it again: python -m pip install --force-reinstall migsim\n")
        return 4
    return command_line()


if __name__ == "__main__":
    main()
