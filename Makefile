# `make` alone lists the targets. A target's help is the text behind its ##.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

INVENTORY ?= inventories/local
MEMORY ?= 2048
CPUS ?= 4
DISK ?= 40

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_HOME := $(CURDIR)/.ansible
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z][a-z_%-]*:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- the service -----------------------------------------------------------------------------------------------

.PHONY: up
up: venv ## Start the embedded 4H2G host on this machine and run site.yml on it; prints URL and login
	@scripts/up

.PHONY: down
down: ## Remove the embedded host, its data and the local registry
	@scripts/embedded down

.PHONY: ssh
ssh: ## Open a shell on the embedded host
	@scripts/embedded ssh

.PHONY: credentials
credentials: venv ## Print URL, user, password and CA file as JSON
	@scripts/credentials

.PHONY: site
site: venv ## Run site.yml (INVENTORY=inventories/production)
	@ansible-playbook site.yml -i $(INVENTORY)

.PHONY: deploy
deploy: venv ## Deploy the release alone (INVENTORY=...)
	@ansible-playbook playbooks/deploy.yml -i $(INVENTORY)

.PHONY: rollback
rollback: venv ## Go back to the release before this one, or RELEASE=ID (RESTORE_DATA=1: its data too, asks first; INVENTORY=...)
	@ansible-playbook playbooks/rollback.yml -i $(INVENTORY) $(if $(RELEASE),-e release=$(RELEASE)) $(if $(RESTORE_DATA),-e restore_data=true) $(if $(CONFIRM),-e confirm=true)

.PHONY: releases
releases: venv ## List the releases on the host, the live one marked (FORMAT=json; INVENTORY=...)
	@ansible-playbook playbooks/releases.yml -i $(INVENTORY) $(if $(FORMAT),-e format=$(FORMAT))

.PHONY: maintenance
maintenance: venv ## STATE=on|off: answer everybody 503 with a page; ALLOW=ADDRESS is let through (INVENTORY=...)
	@ansible-playbook playbooks/maintenance.yml -i $(INVENTORY) -e state=$(STATE) $(if $(ALLOW),-e allow=$(ALLOW))

.PHONY: logs
logs: venv ## A service's log on the host: SERVICE=app|worker|nginx|redis-queue|redis-cache (FOLLOW=1, LINES=100; INVENTORY=...)
	@scripts/on-host $(INVENTORY) logs $(if $(FOLLOW),--follow) --tail $(or $(LINES),100) $(or $(SERVICE),app)

.PHONY: console
console: venv ## A Flask shell in the live slot (COMMAND="flask user list" for another command; INVENTORY=...)
	@scripts/on-host $(INVENTORY) console $(COMMAND)

.PHONY: backup
backup: venv ## Take a backup now (INVENTORY=...)
	@ansible-playbook playbooks/backup.yml -i $(INVENTORY)

.PHONY: restore
restore: venv ## Bring the newest snapshot back, after asking (INVENTORY=..., OPTIONS="-e snapshot=ID")
	@ansible-playbook playbooks/restore.yml -i $(INVENTORY) $(OPTIONS)

.PHONY: drill
drill: venv-dev ## Disaster drill: destroy the embedded host, make a bare one, restore (asks; CONFIRM=yes)
	@scripts/drill

.PHONY: drift
drift: venv ## Name what differs from what site.yml would make; exit status 2 when something does (INVENTORY=...)
	@scripts/drift $(INVENTORY)

.PHONY: health
health: venv ## All checks, from inside and from here, with the next command to type (INVENTORY=..., FORMAT=json)
	@scripts/health $(INVENTORY) $(if $(FORMAT),-e format=$(FORMAT))

.PHONY: size
size: venv ## Print the budget of a machine (MEMORY=2048 CPUS=4 DISK=40, JSON=1)
	@scripts/size --memory $(MEMORY) --cpus $(CPUS) --disk $(DISK) $(if $(JSON),--json)

# --- tests -----------------------------------------------------------------------------------------------------

.PHONY: test
test: ## Everything CI runs: lint, unit tests, a Molecule scenario per role, the browser test
	@scripts/test

.PHONY: lint
lint: venv-dev ## Lint Ansible, YAML, Python, shell, Dockerfiles and the front end
	@scripts/lint

.PHONY: unit
unit: venv-dev ## Unit tests
	@scripts/unit

.PHONY: molecule
molecule: venv-dev ## Molecule scenarios (SCENARIO="nginx redis", default all; HOST_SUITE=focal for another suite)
	@scripts/molecule $(SCENARIO)

.PHONY: e2e
e2e: venv-dev ## Browser test against the embedded host
	@scripts/browser-deps
	@pytest tests/e2e

.PHONY: bench-converge
bench-converge: venv-dev ## A no-change site.yml beside an empty play and pyinfra, on the embedded host
	@tests/bench/converge

.PHONY: bench-release
bench-release: venv-dev ## Deploys and rollbacks under load beside the original way, on the embedded host (half an hour)
	@tests/bench/release

.PHONY: faults
faults: venv-dev ## Faults under load on the embedded host: nothing acknowledged may be lost (FAULTS="kill-app reboot")
	@tests/faults/run $(FAULTS)

.PHONY: bench-monitoring
bench-monitoring: venv-dev ## Cost of a cycle beside glances, netdata and node_exporter; faults to notifications
	@tests/bench/monitoring

# --- upkeep ----------------------------------------------------------------------------------------------------

.PHONY: venv
venv: ## Make .venv from the hashed lock
	@scripts/venv controller

.PHONY: venv-dev
venv-dev: ## The same with the tools that tests need
	@scripts/venv dev

.PHONY: docs
docs: venv-dev ## Regenerate the READMEs of the roles and docs/variables.md
	@scripts/role-docs

.PHONY: locks
locks: venv-dev ## Resolve requirements/*.in into their hashed locks again
	@scripts/locks

.PHONY: clean
clean: ## Remove build results and caches (not the embedded host)
	rm -rf build .ansible .mypy_cache .ruff_cache .pytest_cache .hypothesis
