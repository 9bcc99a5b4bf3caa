"""The probe's modules are imported as the probe itself imports them: from its own folder."""

from __future__ import annotations

import sys
from pathlib import Path

import simulator

sys.path.insert(0, str(Path(simulator.__file__).parent / "probe"))
