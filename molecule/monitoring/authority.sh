#!/bin/sh
# authority.sh DIRECTORY NAME: a CA of our own (ca.pem) and a certificate for NAME (fullchain.pem, privkey.pem).
set -eu
umask 022
cd "$1"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.new -days 90 \
  -subj "/CN=Test CA" -addext "keyUsage=critical,keyCertSign,cRLSign"
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout privkey.pem -out server.csr -subj "/CN=$2"
printf 'subjectAltName=DNS:%s\n' "$2" >server.ext
openssl x509 -req -in server.csr -CA ca.new -CAkey ca.key -CAcreateserial -extfile server.ext -days 90 -out fullchain.pem
mv ca.new ca.pem
