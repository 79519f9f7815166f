#!/usr/bin/python
# Runs in the action plugin of the same name alone: the host is asked one command, without a module.
"""Placeholder that gives the action plugin its name and its documentation."""

from __future__ import annotations

DOCUMENTATION = """
module: service_health
short_description: All checks of a host, from inside and from the controller
description:
  - Asks the host's monitoring for its checks and the service for its health over the public name.
  - Changes nothing; fails when a check is critical.
options:
  format:
    description: How C(shown) reads.
    type: str
    choices: [table, json]
    default: table
  address:
    description: Address that stands in for the name service; empty means that the name is looked up.
    type: str
    default: ""
author: [tencent-doc-manager]
"""

EXAMPLES = """
- name: Check the host
  service_health:
    format: json
"""

RETURN = """
report:
  description: Host, status and checks.
  returned: always
  type: dict
shown:
  description: The report as a table or as one line of JSON.
  returned: always
  type: str
"""
