"""A TCP relay that adds a fixed delay each way: a distant server on one machine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            due, data = await waiting.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not data:
                with contextlib.suppress(OSError):
                    writer.write_eof()
                return
            writer.write(data)
            await writer.drain()

    delivery = asyncio.create_task(deliver())
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            waiting.put_nowait((loop.time() + delay, data))
    waiting.put_nowait((loop.time() + delay, b""))
    with contextlib.suppress(OSError):
        await delivery


@contextlib.asynccontextmanager
async def delay_relay(listen: int, target: int, round_trip: float) -> AsyncIterator[None]:
    """Relays 127.0.0.1:`listen` to 127.0.0.1:`target`; `round_trip` in seconds, half of it each way."""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
        # A multiplexed SSH connection outlives the measurement: its relay ends with the program.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(
                _pump(reader, far_writer, round_trip / 2), _pump(far_reader, writer, round_trip / 2)
            )
        for stream in (writer, far_writer):
            stream.close()

    server = await asyncio.start_server(relay, "127.0.0.1", listen)
    async with server:
        yield
