#!/bin/sh
# First process of a test host: undoes what Docker masks, so that systemd and a nested Docker Engine run
# as on a real server, then becomes systemd.
set -eu
for mount_point in /sys /sys/fs/cgroup /sys/fs/cgroup/*; do
  if mountpoint -q "$mount_point"; then
    mount -o remount,bind,rw "$mount_point"
  fi
done
# Masked and read-only parts of /proc and /sys would hide sysctl keys from the roles.
awk '$5 ~ "^/proc/." || $5 ~ "^/sys/firmware" { print $5 }' /proc/self/mountinfo | sort -r | while read -r masked; do
  umount "$masked"
done
mount --make-rshared /
# Each host has keys of its own; sshd does not start without.
ssh-keygen -A >/dev/null
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
  # From version 256 on systemd wants to be asked before it runs on cgroup v1.
  export SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1
  exec /sbin/init systemd.unified_cgroup_hierarchy=0
fi
exec /sbin/init
