"""The two ways to show who one is, as the OpenAPI document describes them."""

from __future__ import annotations

from typing import Any

SECURITY: list[dict[str, list[Any]]] = [{"session": []}, {"token": []}]


def schemes(cookie: str) -> dict[str, Any]:
    """OpenAPI's security schemes for this deployment's cookie name."""
    return {
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie,
            "description": "Set by POST /api/login",
        },
        "token": {"type": "http", "scheme": "bearer", "description": "Made by POST /api/tokens"},
    }
