"""Fetching a document by its link with a browser, and keeping that browser away from everything else.

The browser reaches the network through one door, a proxy in our own process: it lets only named hosts
through, resolves their names itself and connects to the very address it has checked. So neither a redirect
nor a name that changes its address between two questions leads anywhere else.
"""
