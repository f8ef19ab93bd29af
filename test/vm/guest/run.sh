#!/bin/sh
# Runs the machine's script as an ordinary host's root would, its output to the serial console, and says how it ended.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb NO_COLOR=1
machine=/run/machine
nonce=$(cat $machine/nonce)
unset OLDPWD INVOCATION_ID SYSTEMD_EXEC_PID
export CORRAL_SKIP_FILE=$machine/skips
: >$CORRAL_SKIP_FILE
chmod 666 $CORRAL_SKIP_FILE

# Through a pipe, because on a terminal programs draw instead of print. What the host must understand goes through the
# same pipe, so that it comes in order even when some process still holds the pipe open.
stty -F /dev/ttyS0 raw -echo
mkfifo $machine/output
cat $machine/output >/dev/ttyS0 &
cd "$(cat $machine/repository)" || exit
PATH=$PWD/test/vm/guest/bin:$PATH
exec 3>$machine/output
printf '\n%s begin\n' "$nonce" >&3
sh $machine/script </dev/null >&3 2>&1 3>&-
status=$?
printf '\n' >&3
sed "s/^/$nonce skip /" $CORRAL_SKIP_FILE >&3
printf '%s exit %s\n' "$nonce" "$status" >&3

# The host ends the machine when it reads this. Should it not:
sleep 5
busybox poweroff -f
