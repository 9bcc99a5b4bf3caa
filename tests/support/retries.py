"""``python -m tests.support.retries``: what failed is tried once more, alone, and is never forgotten.

On few and busy cores a wait for a real engine can run out. Twice is a failure; so are many that pass the second time.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

FAILED = Path(".pytest_cache/v/cache/lastfailed")
MOST = 2  # tests that may need a second try in one run


def main() -> int:
    """Pytest's own exit code, or 1 where too many needed the second try."""
    failed = sorted(json.loads(FAILED.read_text())) if FAILED.exists() else []
    if not failed:
        print("*** No test failed, but the run did: see above", flush=True)
        return 1
    print(f"*** {len(failed)} failed; once more, one at a time:", flush=True)
    again = subprocess.run([sys.executable, "-m", "pytest", "--last-failed"], check=False).returncode
    if again == 0:
        print(f"*** Passed on the second try only ({len(failed)}; more than {MOST} fail the run):")
        print("\n".join(f"***   {test}" for test in failed), flush=True)
    return again or int(len(failed) > MOST)


if __name__ == "__main__":
    sys.exit(main())
