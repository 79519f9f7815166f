"""Reads one object of the configuration key by key; an unknown key is an error that names it."""

from __future__ import annotations

from typing import Any, Callable


class ConfigError(Exception):
    """The configuration cannot be used; the message names the file and the key."""


class Section:
    """A JSON object whose keys are taken one by one; what is left over at the end was misspelt."""

    def __init__(self, values: Any, name: str) -> None:
        if not isinstance(values, dict):
            raise ConfigError(f"{name or 'the document'} must be an object")
        self._values: dict[str, Any] = values
        self._name = name
        self._taken: set[str] = set()

    def section(self, key: str) -> Section:
        return Section(self._take(key, {}), self._path(key))

    def given(self, key: str) -> bool:
        return key in self._values

    def names(self) -> list[str]:
        return list(self._values)

    def flag(self, key: str, default: bool) -> bool:
        return bool(self._typed(key, default, lambda value: isinstance(value, bool), "true or false"))

    def number(self, key: str, default: float) -> float:
        def fits(value: Any) -> bool:
            return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0

        return float(self._typed(key, default, fits, "a number, not negative"))

    def text(self, key: str, default: str | None) -> str:
        return str(self._typed(key, default, lambda value: isinstance(value, str), "a text"))

    def texts(self, key: str, default: list[str]) -> list[str]:
        def fits(value: Any) -> bool:
            return isinstance(value, list) and all(isinstance(item, str) for item in value)

        return list(self._typed(key, default, fits, "a list of texts"))

    def finish(self) -> None:
        unknown = sorted(set(self._values) - self._taken)
        if unknown:
            known = ", ".join(sorted(self._taken))
            raise ConfigError(f"unknown key {self._path(unknown[0])}; known here: {known}")

    def _take(self, key: str, default: Any) -> Any:
        self._taken.add(key)
        return self._values.get(key, default)

    def _typed(self, key: str, default: Any, fits: Callable[[Any], bool], wanted: str) -> Any:
        value = self._take(key, default)
        if value is None:
            raise ConfigError(f"{self._path(key)} is missing")
        if not fits(value):
            raise ConfigError(f"{self._path(key)} is {value!r}; it must be {wanted}")
        return value

    def _path(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key
