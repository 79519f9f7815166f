"""Folds paths into endpoints, so that a table of them stays small whoever asks for whatever.

The regular expressions mean the same to Python and to RE2, for DuckDB folds with them too.
"""

from __future__ import annotations

import re

NOT_FOUND = "(not found)"
REDIRECT = "(redirect)"
MALFORMED = "(malformed)"
OTHER = "(other)"

PATH_CHARACTERS = 200
NOT_FOUND_STATUSES = (404, 410)
REDIRECT_STATUSES = (301, 302, 303, 307, 308)
MALFORMED_STATUSES = (0, 400, 408, 414, 431, 444, 494, 495, 496, 497)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")

# A whole segment that is a number, a UUID or another long hexadecimal, or a long token with a digit in it.
# The slash at either end is part of it: no group has to be captured, which is what costs time.
IDENTIFIER = (
    r"/(?:[0-9]+|[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F-]{12,52}|[0-9a-fA-F]{12,64}"
    r"|[A-Za-z_-]{0,40}[0-9][A-Za-z0-9_-]{19,160})/"
)
IDENTIFIER_REPLACEMENT = "/{id}/"
# Built files have a hash in their names.
BUNDLES = ("/static/", "/assets/")

_identifier = re.compile(IDENTIFIER)
_has_digit = re.compile("[0-9]")


def path_of(uri: str) -> str:
    """Return the path of a request's target: no query (it may be private), at most PATH_CHARACTERS."""
    return uri.partition("?")[0][:PATH_CHARACTERS]


def endpoint_of(path: str, status: int) -> str:
    """Return the name under which requests for the path are counted.

    What scanners ask for gets one name: answers that say "no such path", redirects, requests without sense.
    """
    if status in NOT_FOUND_STATUSES:
        return NOT_FOUND
    if status in REDIRECT_STATUSES:
        return REDIRECT
    if status in MALFORMED_STATUSES or not path.startswith("/"):
        return MALFORMED
    for bundle in BUNDLES:
        if path.startswith(bundle):
            return bundle + "*"
    # A match takes both slashes: of neighbouring identifiers the second pass finds the others.
    for _pass in range(2):
        if _has_digit.search(path):
            path = _identifier.sub(IDENTIFIER_REPLACEMENT, path + "/")[:-1]
    return path


def method_of(method: str) -> str:
    """Return the method, or one name for all that nobody uses."""
    return method if method in METHODS else OTHER
