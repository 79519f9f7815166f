"""`python -m monitoring`."""

from __future__ import annotations

import sys

from monitoring.cli import main

sys.exit(main())
