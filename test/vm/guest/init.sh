#!/bin/busybox sh
# First program of the machine, in its initramfs: makes the host's root, read-only over 9p, into a writable root, and
# hands over to the guest's init. /machine holds what the host says: init, nonce, repository, keep, script.
# shellcheck shell=dash
set -eu
export PATH=/bin
/bin/busybox --install -s /bin
mkdir -p /dev /proc /sys /lower /upper /root
mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
trap 'echo "machine: its init failed"' EXIT
mount -t proc proc /proc
mount -t sysfs sys /sys

while read -r module; do
  insmod "/modules/$module.ko"
done </modules/order

mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose host /lower
mount -t tmpfs -o mode=0755,size=50% upper /upper
mkdir /upper/files /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work overlay /root

# The usual mounts of a Linux host.
mkdir -p /root/dev /root/proc /root/sys /root/run /root/tmp
for mount in dev proc sys; do mount -o move "/$mount" "/root/$mount"; done
mkdir -p /root/dev/pts /root/dev/shm
mount -t devpts -o mode=0620,gid=5,ptmxmode=0666 devpts /root/dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev shm /root/dev/shm
mount -t tmpfs -o mode=0755,nosuid,nodev run /root/run
mount -t cgroup2 -o nsdelegate,memory_recursiveprot cgroup2 /root/sys/fs/cgroup
ln -sf /proc/self/fd /root/dev/fd
hostname corral-vm
ifconfig lo up

# /tmp is a disk: on a tmpfs, a job's output would be charged to the job's memory.
mkdir /keep
ln -s /root/dev/vdb /dev/vdb
mount -o bind /root /keep
mount -t ext4 /dev/vdb /root/tmp 2>/dev/null || mount -t tmpfs tmp /root/tmp
chmod 1777 /root/tmp
rm -rf /root/tmp/lost+found
# So is /var/tmp, which jobs see: no overlay can have its layer on the root, which is one itself.
mkdir -m 1777 /root/tmp/.var-tmp
mount -o bind /root/tmp/.var-tmp /root/var/tmp
# A home of the guest's own: the host's may not be readable.
mount -t tmpfs -o mode=0700 home /root/root
while read -r path; do
  mkdir -p "/root$path"
  mount -o bind "/keep$path" "/root$path"
done </machine/keep
umount /keep

# Any user may come as far as the repository, wherever it was cloned.
repository=$(cat /machine/repository)
parent=$repository
while [ "$parent" != / ]; do
  chmod o+rx "/root$parent"
  parent=$(dirname "$parent")
done

# The tests' ordinary user.
echo 'corraltest:x:4242:4242::/home/corraltest:/bin/sh' >>/root/etc/passwd
echo 'corraltest:x:4242:' >>/root/etc/group
for file in subuid subgid; do echo 'corraltest:200000:65536' >"/root/etc/$file"; done
mkdir -p /root/home/corraltest
chown 4242:4242 /root/home/corraltest
# The host's own passwords are not for QEMU to read when it does not run as root, and not needed.
rm -f /root/etc/shadow
printf '%s:*:19000:0:99999:7:::\n' root corraltest >/root/etc/shadow
chmod 600 /root/etc/shadow

guest=$repository/test/vm/guest
cp -r /machine /root/run/machine
trap - EXIT
case $(cat /machine/init) in
busybox) exec switch_root /root /bin/sh "$guest/run.sh" ;;
systemd)
  sh "/root$guest/systemd.sh" /root "$guest/run.sh"
  exec switch_root /root /lib/systemd/systemd
  ;;
esac
