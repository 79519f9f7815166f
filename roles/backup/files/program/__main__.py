"""Backup, rehearsal and restore of the service: `python3 -I THIS_DIRECTORY --help`."""

import sys

from tdm_backup.cli import main

sys.exit(main())
