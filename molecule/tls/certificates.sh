#!/bin/sh
# Makes a private authority with an intermediate one, and certificates of each kind that an operator may bring.
# Usage: certificates.sh DIRECTORY
set -eu
rm -rf "$1"
mkdir -p "$1"
cd "$1"

# issue NAME ISSUER DAYS EXTENSIONS: NAME.key and NAME.pem, signed by ISSUER (itself when the same).
issue() {
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null
    printf '%s\n' "$4" >"$1.ext"
    openssl req -new -key "$1.key" -subj "/CN=Test $1" -out "$1.csr"
    if [ "$1" = "$2" ]; then
        openssl x509 -req -in "$1.csr" -signkey "$1.key" -days "$3" -extfile "$1.ext" -out "$1.pem" 2>/dev/null
    else
        openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days "$3" -extfile "$1.ext" \
            -out "$1.pem" 2>/dev/null
    fi
}

authority='basicConstraints = critical, CA:TRUE'
names='subjectAltName = DNS:*.company.com'
issue root root 30 "$authority"
issue middle root 30 "$authority"
issue server middle 20 "$names"
issue other middle 20 'subjectAltName = DNS:docs.elsewhere.org'
# Not "-days -1": older tools refuse it. Made to end in the second it is made.
issue expired middle 0 "$names"

# set_of NAME CERTIFICATE KEY CHAIN...
set_of() {
    directory=$1
    mkdir -p "$directory"
    cp "$2.pem" "$directory/certificate.pem"
    cp "$3.key" "$directory/key.pem"
    shift 3
    cat "$@" >"$directory/chain.pem"
}
set_of good server server middle.pem root.pem
set_of mismatched server other middle.pem
set_of elsewhere other other middle.pem
set_of expired expired expired middle.pem
set_of disordered server server root.pem middle.pem
sleep 1
