"""A request whose file parts go straight to the data disk, hashed on their way."""

from __future__ import annotations

from typing import IO

from flask import Request

from app.storage import FileStore, StagedFile, TooLarge

# Room for the parts' own headers and boundaries beside the file.
MULTIPART_OVERHEAD = 64 * 1024


class StreamingRequest(Request):
    """Files of a multipart body are kept in memory or a spool as Flask does, until `stream_to` is called."""

    _store: FileStore | None = None
    _limit: int = 0

    def stream_to(self, store: FileStore, limit: int) -> None:
        """From now on file parts are staged in `store`, at most `limit` bytes each. Raises TooLarge at once
        when the announced length cannot fit."""
        self._store = store
        self._limit = limit
        self._staged: list[StagedFile] = []
        self.max_content_length = limit + MULTIPART_OVERHEAD
        if self.content_length is not None and self.content_length > self.max_content_length:
            raise TooLarge

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        if self._store is None:
            return super()._get_file_stream(total_content_length, content_type, filename, content_length)
        staged = self._store.stage(expected=total_content_length or 0, limit=self._limit)
        self._staged.append(staged)
        return staged  # type: ignore[return-value]

    def discard_staged(self) -> None:
        """Removes every staged file that was not kept."""
        for staged in getattr(self, "_staged", []):
            staged.close()
