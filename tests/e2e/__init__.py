"""The browser test: the page as people use it, over HTTPS, against a running service."""
