"""What it costs to list every collision, name its cause and try the fixes, on the sample's ``prod-copy``, in one run.

    python benchmarks/diagnosis_against_plain.py [embedded|docker ...] [--rounds N]

*By hand* is what a person types to see the first error: start a server, restore, migrate. *Plain* is migsim up to
that same error, *diagnosis* all that comes after it (survey, reference, trials): both of one run. The bound is twice
the plain rehearsal and 3 s; exits 1 where it is passed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

from run_against_by_hand import DUMPS, ROOT, docker_by_hand, embedded_by_hand

DIAGNOSIS = ("survey", "reference", "trials")


def main() -> int:
    """Measure each engine that was asked for and print its line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engines", nargs="*", default=["embedded", "docker"])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    heads = ("by hand", "plain", "ratio", "diagnosis", "ratio", "bound")
    print(f"{'engine':<10}{''.join(f'{head:>11}' for head in heads)}   medians of {options.rounds}")
    passed = False
    for engine in options.engines:
        with {"embedded": embedded_by_hand, "docker": docker_by_hand}[engine](DUMPS / "prod.dump", 1) as by_hand:
            hand, plain, diagnosis = [], [], []
            for number in range(options.rounds + 1):
                started = time.monotonic()
                by_hand()
                took = time.monotonic() - started
                ours = migsim(engine)
                if number:  # the first turn fills the caches
                    hand.append(took)
                    plain.append(ours[0])
                    diagnosis.append(ours[1])
        one, two, three = map(statistics.median, (hand, plain, diagnosis))
        bound = 2 * two + 3
        passed |= three > bound
        figures = [f"{one:.2f} s", f"{two:.2f} s", f"{two / one:.2f}"]
        figures += [f"{three:.2f} s", f"{three / two:.2f}", f"{bound:.2f} s"]
        print(f"{engine:<10}{''.join(f'{figure:>11}' for figure in figures)}", flush=True)
    return int(passed)


def migsim(engine: str) -> tuple[float, float]:
    """Seconds up to the first error, and after it, of the whole command."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "simulator", "run", "prod-copy", "--engine", engine, "--format", "json"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    took = time.monotonic() - started
    if done.returncode != 1:
        sys.exit(done.stderr)
    timings = json.loads(done.stdout)["timings"]
    diagnosis = sum(timings.get(stage, 0.0) for stage in DIAGNOSIS)
    return took - diagnosis, diagnosis


if __name__ == "__main__":
    sys.exit(main())
