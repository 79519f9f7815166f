"""A network namespace for the browser that holds one address: the service's.

Chromium drops its connections (ERR_NETWORK_CHANGED) whenever an interface of the machine comes or goes, as
they do while containers start beside the test. In a namespace of its own nothing changes; and whatever the
page asks of anybody else goes nowhere. Two relays and a unix socket, which knows no namespaces, join both
sides.

Run as a program it is the inner side: SOCKET PORT COMMAND..., already within the namespace.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import os
import shlex
import signal
import socket
import struct
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
PR_SET_PDEATHSIG = 1

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


def launcher(folder: Path, command: Path, host: str, port: int) -> Path:
    """A program that runs `command` where 127.0.0.1:`port` is this side's `host`:`port`, and nothing else is.

    This side's relay lives as long as the process.
    """
    meeting = folder / "relay.sock"
    ready = threading.Event()

    async def serve() -> None:
        relay = _relay(lambda: asyncio.open_connection(host, port))
        server = await asyncio.start_unix_server(relay, meeting)
        ready.set()
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
    if not ready.wait(10):
        raise RuntimeError(f"the relay to {host}:{port} did not start at {meeting}")
    unshare = ["unshare", "--net"] if os.getuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]
    inner = [*unshare, sys.executable, __file__, str(meeting), str(port), str(command)]
    program = folder / command.name
    program.write_text(f'#!/bin/sh\nexec {shlex.join(inner)} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return program


def _relay(connect: Connect) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
    # The loop refers to its tasks weakly: one that nobody else holds may be collected while it waits.
    running: set[asyncio.Task[None]] = set()

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError), contextlib.closing(writer):
            far_reader, far_writer = await connect()
            with contextlib.closing(far_writer):
                await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))

    def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(join(reader, writer))
        running.add(task)
        task.add_done_callback(running.discard)

    return relay


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh", b"lo", 0)
        (flags,) = struct.unpack_from("h", fcntl.ioctl(handle, SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(handle, SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | IFF_UP))


async def _serve_inside(meeting: str, listener: socket.socket) -> None:
    server = await asyncio.start_server(_relay(lambda: asyncio.open_unix_connection(meeting)), sock=listener)
    await server.serve_forever()


def main() -> None:
    """Relays in a child that ends with its parent; the parent becomes the command."""
    meeting, port, *command = sys.argv[1:]
    _raise_loopback()
    listener = socket.create_server(("127.0.0.1", int(port)))
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        # The browser's pipes to the test must close when the browser does.
        os.closerange(3, listener.fileno())
        asyncio.run(_serve_inside(meeting, listener))
    listener.close()
    os.execv(command[0], command)  # noqa: S606 - the browser, in this very process


if __name__ == "__main__":
    main()
