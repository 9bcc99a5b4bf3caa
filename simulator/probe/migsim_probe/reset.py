"""Apps as if their migration files were deleted: Django looks for them in a folder of ours, and writes new ones there.

The project's own files stay as they are (Django's ``MIGRATION_MODULES`` setting).
"""

from __future__ import annotations

import os
import sys
from typing import Any

PACKAGE = "migsim_reset"


def take(settings: Any, apps: list[str], folder: str) -> None:
    """Point these apps at packages in ``folder`` that hold nothing yet."""
    for app in apps:
        package = os.path.join(folder, PACKAGE, app)
        os.makedirs(package)
        with open(os.path.join(package, "__init__.py"), "w", encoding="utf-8"):
            pass
    sys.path.insert(0, folder)
    settings.MIGRATION_MODULES = dict(settings.MIGRATION_MODULES, **{app: PACKAGE + "." + app for app in apps})
