#!/bin/busybox sh
# Run by init.sh: makes systemd the init of the root at $1, and the program at $2 a service of it.
# shellcheck shell=dash
set -eu

# What takes long or waits for hardware, and no test needs.
MASKED='systemd-tmpfiles-setup.service systemd-tmpfiles-clean.timer apt-daily.timer apt-daily-upgrade.timer
dpkg-db-backup.timer e2scrub_all.timer fstrim.timer getty@tty1.service serial-getty@ttyS0.service
systemd-udev-trigger.service systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket
console-getty.service networking.service systemd-journal-flush.service systemd-update-utmp.service tmp.mount'

root=$1
units=$root/etc/systemd/system
# What this host's owner has enabled is no business of the tests; what Debian enables stays.
rm -rf "$units"
mkdir -p "$units/multi-user.target.wants"
ln -sf /lib/systemd/system/multi-user.target "$units/default.target"
for unit in $MASKED; do ln -s /dev/null "$units/$unit"; done
: >"$root/etc/fstab"

cat >"$units/corral-test.service" <<UNIT
[Unit]
Description=The script that this machine was started for
After=dbus.socket systemd-logind.service
[Service]
Type=exec
ExecStart=/bin/sh $2
TasksMax=infinity
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
UNIT
ln -s ../corral-test.service "$units/multi-user.target.wants/"
