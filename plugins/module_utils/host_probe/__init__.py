"""A look at the host: parsers of what the kernel tells, the checks before a run, the run lock. Python 3.8."""
