#!/bin/sh
# Makes this host a place for backups: an SFTP user, and an S3 server with one user.
#   storage.sh PUBLIC_KEY ACCESS_KEY SECRET_KEY
set -eu
if ! id keeper >/dev/null 2>&1; then
  useradd --system --create-home --home-dir /srv/keeper --shell /usr/sbin/nologin keeper
fi
install -d -o keeper -g keeper -m 0700 /srv/keeper/.ssh /srv/keeper/backups
printf '%s\n' "$1" >/srv/keeper/.ssh/authorized_keys
chown keeper: /srv/keeper/.ssh/authorized_keys
printf 'Match User keeper\n  ForceCommand internal-sftp\n' >/etc/ssh/sshd_config.d/keeper.conf
systemctl reload ssh

mkdir -p /var/lib/rgw
cat >/etc/ceph/ceph.conf <<CONFIG
[global]
rgw backend store = dbstore
rgw config store = dbstore
dbstore config uri = file:/var/lib/rgw/config.db
dbstore db dir = /var/lib/rgw
rgw frontends = beast port=7480
rgw thread pool size = 16
log file = /var/log/rgw.log
CONFIG
cat >/etc/systemd/system/s3.service <<UNIT
[Service]
ExecStart=/usr/bin/radosgw -f --no-mon-config -n client.rgw.test --keyring=/dev/null
UNIT
systemctl daemon-reload
systemctl start s3.service
for _ in $(seq 50); do
  if curl --silent --output /dev/null http://127.0.0.1:7480/; then break; fi
  sleep 0.2
done
radosgw-admin -n client.rgw.test --no-mon-config user create --uid=keeper --display-name=keeper \
  --access-key="$2" --secret="$3" >/dev/null 2>/var/log/rgw-admin.log || { cat /var/log/rgw-admin.log; exit 1; }
