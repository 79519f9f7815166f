"""The host's side of a release: starts it beside the live one, switches, and goes back when it fails.

What is live follows from the host alone: `current.sock` names the slot, the slot's container names its
release. So a run that was killed at any step is taken up by the next one.
Python 3.8 with the standard library alone: it runs with the host's own interpreter.
"""
