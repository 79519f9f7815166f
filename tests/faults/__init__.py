"""Faults on a test host under load: what was acknowledged before and during each must be there after it."""
