# shellcheck shell=bash
# What the scripts share: words for the person in front of the terminal, and installing packages.

step() { printf '==> %s\n' "$*" >&2; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "this step needs root: run it as root or install sudo"
  fi
}

# apt_install PACKAGE...: installs what is missing, with one refresh of the lists when they are older than an hour.
apt_install() {
  local missing=() package
  for package in "$@"; do
    if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
      missing+=("$package")
    fi
  done
  if [ ${#missing[@]} = 0 ]; then
    return 0
  fi
  command -v apt-get >/dev/null || fail "this machine has no apt-get: install ${missing[*]} by hand"
  mkdir -p .cache
  step "installing ${missing[*]}"
  if [ -z "$(find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' -mmin -60 2>/dev/null | head -n 1)" ]; then
    as_root apt-get update -qq >.cache/apt.log 2>&1 || { tail -n 20 .cache/apt.log >&2; fail "apt-get update failed (.cache/apt.log)"; }
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}" >.cache/apt.log 2>&1 ||
    { tail -n 20 .cache/apt.log >&2; fail "apt-get install failed (.cache/apt.log)"; }
}

# debian_mirror: this machine's own Debian mirror, or nothing where it is no Debian (mmdebstrap then knows one).
debian_mirror() {
  # shellcheck disable=SC1091
  if [ "$(. /etc/os-release && echo "$ID")" != debian ]; then
    return 0
  fi
  find /etc/apt -maxdepth 2 \( -name sources.list -o -path '*/sources.list.d/*' \) -type f -exec cat {} + |
    awk '/^URIs:/ { for (i = 2; i <= NF; i++) print $i } /^deb / { for (i = 2; i <= NF; i++) if ($i ~ /^https?:/) print $i }' |
    awk '/\/debian\/?$/ { print; exit }'
}

# The address under which containers of the outer engine reach this machine.
bridge_gateway() {
  local interface
  interface=$(docker network inspect bridge --format '{{index .Options "com.docker.network.bridge.name"}}')
  ip -4 -oneline address show dev "$interface" | awk '{ split($4, address, "/"); print address[1]; exit }'
}
