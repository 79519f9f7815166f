"""The original script's way to deploy, on the same host: copy, `down`, `build --no-cache`, `up`, health.

Its steps are those of the shell script that this project replaces: it stops everything, builds the image
anew, starts everything, and asks for the health up to ten times.
"""

from __future__ import annotations

import subprocess
import time

from tests.support.checkout import Checkout
from tests.support.machine import COMPOSE_PROJECT, Machine
from tests.support.site import ROOT

BASE_IMAGE = f"{COMPOSE_PROJECT}/base:trixie"
TRIES, DELAY = 10, 10


class OriginalWay:
    """Deploys by stopping everything first. Uses the images and Compose files that are on the host."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def deploy(self, checkout: Checkout) -> int:
        """Bytes that went over the link. Raises CommandFailed when the service does not become healthy."""
        moved = self._copy(checkout)
        machine = self.machine
        containers = machine.sh(
            f"docker ps --quiet --filter label=com.docker.compose.project={COMPOSE_PROJECT}"
        ).split()
        labels = '{{index .Config.Labels "com.docker.compose.project.config_files"}}'
        listed = machine.sh(f"docker inspect --format '{labels}' {' '.join(containers)}").split()
        files = sorted({file for line in listed for file in line.split(",")})
        slot = machine.container("app").removeprefix(f"{COMPOSE_PROJECT}-")[:-2]
        compose = (
            f"cd {ROOT}; docker compose --project-name {COMPOSE_PROJECT} --project-directory {ROOT} "
            + " ".join(f"--file {file}" for file in files)
        )
        image = machine.sh(
            f"docker inspect --format '{{{{.Config.Image}}}}' {machine.container('app')}"
        ).strip()
        machine.sh(f"{compose} --profile '*' down 2>&1")
        machine.sh(
            f"docker build --no-cache --quiet --tag {image} "
            f"--build-arg BASE_IMAGE={BASE_IMAGE} "
            f"--secret id=ca,src=/etc/ssl/certs/ca-certificates.crt {ROOT}/current/",
            seconds=900,
        )
        machine.sh(f"{compose} up --detach {slot} worker redis-cache redis-queue nginx 2>&1")
        for _ in range(TRIES):
            if machine.health() == "ok":
                return moved
            time.sleep(DELAY)
        machine.wait_healthy(1)
        return moved

    def _copy(self, checkout: Checkout) -> int:
        """The whole project over the link, compressed, as `git clone` or `scp` would bring it."""
        archive = subprocess.run(
            ["git", "archive", "--format=tar.gz", "HEAD"], cwd=checkout.path, capture_output=True, check=True
        ).stdout
        subprocess.run(
            ["docker", "exec", "--interactive", self.machine.name, "sh", "-c", "cat >/run/original.tar.gz"],
            input=archive,
            check=True,
        )
        return len(archive)
