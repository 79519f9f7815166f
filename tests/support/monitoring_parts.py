"""Real parts for the tests of monitoring: a Redis server, an HTTPS server, an engine on a unix socket."""

from __future__ import annotations

import http.server
import json
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from monitoring import config
from monitoring.redis_client import RedisClient
from monitoring.sample import Containers, Disk, Health, Sample, System

SERVER_NAME = "docs.company.com"
PASSWORD = "monitor-password"


class RedisServer:
    """A Redis server of our own with the ACL user that role redis makes; can be stopped and started."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.socket = directory / "redis.sock"
        self.process: subprocess.Popen[bytes] | None = None
        rights = "~monitoring:* %R~rq:* -@all +@read +@write +@connection -@dangerous +ping +info"
        acl = f"user default off\nuser monitor on >{PASSWORD} {rights}\n"
        acl += "user admin on nopass ~* &* +@all\n"
        (directory / "users.acl").write_text(acl)

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program, "redis-server is missing: apt-get install redis-server"
        words = f"--port 0 --unixsocket {self.socket} --dir {self.directory} --appendonly yes"
        words += f" --aclfile {self.directory}/users.acl --appendfsync always"
        self.process = subprocess.Popen(
            [program, *words.split()],
            stdout=subprocess.DEVNULL,
        )
        for _ in range(200):
            try:
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(str(self.socket))
                    probe.sendall(b"AUTH admin x\r\nPING\r\n")
                    if b"PONG" in probe.recv(100):
                        return
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError("redis-server did not start")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None
            self.socket.unlink(missing_ok=True)

    def admin(self, *words: str | int) -> Any:
        with RedisClient(self.settings("admin", "")) as client:
            client.call("AUTH", "admin", "any")
            return client.call(*words)

    def settings(self, user: str = "monitor", password_file: str | None = None) -> config.RedisConfig:
        file = self.directory / "password"
        file.write_text(PASSWORD + "\n")
        return config.RedisConfig(
            True, str(self.socket), user, str(file) if password_file is None else password_file, 2
        )


class HealthServer:
    """An HTTPS server whose next answers the test decides."""

    def __init__(self, authority: Path) -> None:
        self.status = 200
        self.body = b'{"status": "ok", "checks": {"database": "ok"}}'
        self.delay = 0.0
        self.hosts: list[str] = []
        self.paths: list[str] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.hosts.append(self.headers["Host"])
                outer.paths.append(self.path)
                time.sleep(outer.delay)
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *unused: object) -> None:
                pass

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True

            def handle_error(self, *unused: object) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority / "server.pem", authority / "server.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Engine:
    """Speaks just enough of Docker's API on a unix socket: the containers and events that the test set."""

    def __init__(self, path: Path) -> None:
        self.containers: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.raw: bytes | None = None
        self.path = path
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                request = self.rfile.readline()
                while self.rfile.readline().strip():
                    pass
                if request.startswith(b"GET /events?since="):
                    body = "".join(json.dumps(event) + "\n" for event in outer.events).encode()
                else:
                    assert request == b"GET /containers/json?all=1 HTTP/1.0\r\n", request
                    body = json.dumps(outer.containers).encode()
                answer = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + body
                self.wfile.write(outer.raw if outer.raw is not None else answer)

        self.server = socketserver.ThreadingUnixStreamServer(str(path), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def add(
        self, name: str, state: str = "running", status: str = "Up 2 minutes", project: str = "tdm"
    ) -> str:
        identity = f"{len(self.containers) + 1:064x}"
        labels = {"com.docker.compose.project": project, "com.docker.compose.service": name}
        self.containers.append(
            {"Id": identity, "Names": [f"/tdm-{name}-1"], "State": state, "Status": status, "Labels": labels}
        )
        return identity

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def free_port() -> int:
    """A TCP port of loopback on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_cpu(root: Path, busy: int, idle: int, iowait: int = 0) -> None:
    """Write /proc/stat; times in ticks (100 a second)."""
    line = f"cpu  {busy} 0 0 {idle} {iowait} 0 0 0 0 0\n"
    (root / "stat").write_text(line + line.replace("cpu ", "cpu0") + "btime 1700000000\n")


def make_sample(
    moment: float,
    cpu: float | None = 10.0,
    health: Health | None = None,
    containers: Containers | None = None,
    **system: Any,
) -> Sample:
    """A sample of a well host; what is given differs."""
    disks = (Disk("/", 40.0, 4000.0, 10000.0),)
    host = System(cpu, 50.0, 1000.0, 2000.0, disks, 1000, 2000, 0.5, 0.25, 0.1)._replace(**system)
    well = Health(True, 200, 12.5, {"status": "ok", "checks": {"database": "ok"}}, "")
    return Sample(moment, "host1", host, health or well, containers)
