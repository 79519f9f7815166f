#!/bin/sh
# Makes a flat, signed apt repository with the packages that Docker's own has, out of the distribution's.
# Usage: repository.sh DIRECTORY
set -eu
export GNUPGHOME=/root/repository-key LC_ALL=C
mkdir -p "$1" "$GNUPGHOME"
chmod 0700 "$GNUPGHOME"
cd "$1"

# rename PACKAGE NEW_NAME VERSION: NEW_NAME.deb, the same files under another name.
rename() {
    (cd /var/tmp && apt-get download -q "$1" >/dev/null)
    rm -rf /var/tmp/unpacked
    dpkg-deb -R /var/tmp/"$1"_*.deb /var/tmp/unpacked
    sed -i -e "s/^Package: .*/Package: $2/" -e "s/^Version: .*/Version: $3/" -e '/^Source:/d' \
        -e '/^\(Conflicts\|Breaks\|Replaces\|Provides\|Recommends\|Suggests\):/d' \
        -e '/^Depends:/{s/containerd ([^)]*)/containerd.io/;s/docker\.io/docker-ce/;s/docker-cli/docker-ce-cli/}' \
        /var/tmp/unpacked/DEBIAN/control
    dpkg-deb -Zgzip -z1 -b /var/tmp/unpacked "$2_$3.deb" >/dev/null
    rm -rf /var/tmp/unpacked /var/tmp/"$1"_*.deb
}

# newer NAME VERSION: an empty package, which the pin must keep out.
newer() {
    mkdir -p /var/tmp/newer/DEBIAN
    printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: Test <test@example.com>\nDescription: too new\n' \
        "$1" "$2" >/var/tmp/newer/DEBIAN/control
    dpkg-deb -b /var/tmp/newer "$1_$2.deb" >/dev/null
    rm -rf /var/tmp/newer
}

rename docker.io docker-ce 5:28.1.1-1
rename docker-cli docker-ce-cli 5:28.1.1-1
rename containerd containerd.io 1.7.27-1
rename docker-buildx docker-buildx-plugin 0.23.0-1
rename docker-compose docker-compose-plugin 2.35.1-1
newer docker-ce 5:29.0.0-1
newer docker-ce-cli 5:29.0.0-1

cat >key.batch <<'BATCH'
%no-protection
Key-Type: eddsa
Key-Curve: ed25519
Name-Real: Repository of the test
Expire-Date: 30d
BATCH
gpg --batch --quiet --gen-key key.batch
gpg --armor --export >docker.asc
dpkg-scanpackages --multiversion . >Packages 2>/dev/null
apt-ftparchive release . >Release.new
mv Release.new Release
gpg --batch --quiet --clearsign --output InRelease Release
