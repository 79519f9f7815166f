#!/bin/sh
# Make the stack's base image on this host, without a registry: a minimal Debian from a signed apt mirror.
#
# Usage: bootstrap.sh IMAGE SUITE MIRROR [KEYRING] [SECURITY_MIRROR]
#   MIRROR, SECURITY_MIRROR: "auto" takes the one that this host's own apt uses (Debian hosts only; the security
#   mirror may be missing).
# The mirrors stay in the image's apt sources, so that the images built on it install from the same place.
set -eu

image=$1
suite=$2
mirror=$3
keyring=${4:-}
security=${5:-auto}

say() { printf 'base image: %s\n' "$*" >&2; }

# own_mirror 0: the Debian mirror of this host's apt; own_mirror 1: its mirror of the security archive.
own_mirror() {
    # shellcheck disable=SC2016  # the $(...) words are apt's own format, not the shell's
    apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(COMPONENT)' 'Created-By: Packages' |
        awk -v security="$1" '$2 == "Debian" && $3 == "main" && ($1 ~ /security/) == security { print $1; exit }'
}

if [ "$mirror" = auto ]; then
    mirror=$(own_mirror 0)
    if [ -z "$mirror" ]; then
        say "this host's apt knows no Debian mirror: name one in base_image_bootstrap_mirror"
        exit 2
    fi
fi
[ "$security" != auto ] || security=$(own_mirror 1)

work=$(mktemp -d /var/tmp/base-image.XXXXXX)
trap 'rm -rf "$work"' EXIT INT TERM

signed=
[ -z "$keyring" ] || signed="[signed-by=$keyring] "
{
    echo "deb ${signed}${mirror%/} $suite main"
    echo "deb ${signed}${mirror%/} $suite-updates main"
    [ -z "$security" ] || echo "deb ${signed}${security%/} $suite-security main"
} > "$work/sources"

# Documentation, manuals and translations stay out; copyright files stay in, as the licences ask.
say "making $image from ${mirror%/} ($suite)"
# shellcheck disable=SC2016  # $1 in the hook is mmdebstrap's own: the new root
nice -n 10 mmdebstrap --variant=minbase --include=ca-certificates --format=tar \
    ${keyring:+--keyring="$keyring"} \
    --aptopt='Acquire::Languages "none"' \
    --aptopt='Acquire::Retries "3"' \
    --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/lintian/*' \
    --customize-hook='rm -f "$1/etc/hostname" "$1/etc/resolv.conf" "$1/etc/machine-id"' \
    "$suite" "$work/root.tar" - < "$work/sources" >&2

docker import \
    --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    --change 'CMD ["bash"]' \
    --message "mmdebstrap $suite" \
    "$work/root.tar" "$image" >&2
say "$image is ready"
