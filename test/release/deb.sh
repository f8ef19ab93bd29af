#!/bin/sh
# deb.sh ROOT DEB, in a mount namespace of its own: installs a package in a root that is this host's below a layer of its
# own, uses it, upgrades it while a job runs, and purges it. What it prints, the test looks at.
set -eu
root=$1 deb=$2
mount -t tmpfs layers "$root"
mkdir -p "$root/upper" "$root/work" "$root/root"
mount -t overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" overlay "$root/root"
cp "$deb" "$root/root/corrald.deb"
cd "$root/root"
mount -t tmpfs run run
mount -t tmpfs tmp tmp
for path in dev proc sys; do mount --rbind "/$path" "$path"; done
mkdir -p old
pivot_root . old
umount -l old
cd /
rm -rf /var/lib/corrald /etc/corral

step() { echo "== $1"; }
install() { dpkg --force-unsafe-io -i corrald.deb >/dev/null; }
remote() { command=$1 && shift && corral "$command" --host unix:///run/corral/corrald.sock "$@"; }

step install
install
getent group corral | cut -d: -f1
dpkg-query -W -f '${Conffiles}\n' corrald | cut -d' ' -f2
corral --version

step run
mkfifo ready
corrald --ready-fd 3 3>ready 2>log &
daemon=$!
cat ready
corral run -- echo here
remote run -- echo there

step upgrade
remote run --detach --name web -- sleep 1000
echo '# mine' >>/etc/corral/corrald.toml
install
tail -1 /etc/corral/corrald.toml
kill -9 $daemon
corrald --ready-fd 3 3>ready 2>log &
daemon=$!
cat ready >/dev/null
remote inspect web | grep -o '"state": "[a-z]*"' | head -1
remote rm -f web
kill $daemon
wait $daemon

step purge
dpkg -P corrald >/dev/null
ls -d /usr/lib/corral /usr/bin/corral /usr/sbin/corrald /etc/corral /var/lib/corrald 2>/dev/null || true
