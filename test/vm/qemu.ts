import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'

export interface Files {
  image: string
  initramfs: string
  /** A raw disk for direct writes, /dev/vda in the guest. */
  scratch: string
  /** A disk with an ext4, the guest's /tmp, /dev/vdb. */
  temporary: string
}

/** Starts QEMU with its serial console on stdout. It is killed with this process, however that ends. */
export function startQemu({ image, initramfs, scratch, temporary }: Files): ChildProcess {
  const machine = [
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-serial', 'stdio'],
    ...['-machine', 'pc', '-accel', 'tcg,thread=multi', '-cpu', 'max,-pku', '-smp', '2', '-m', '4096'],
    ...['-kernel', image, '-initrd', initramfs],
    // A panic reboots, and a reboot ends QEMU.
    ...['-append', 'console=ttyS0 quiet loglevel=2 panic=-1 mitigations=off systemd.show_status=no'],
    ...['-fsdev', 'local,id=host,path=/,security_model=none,readonly=on,multidevs=remap'],
    ...['-device', 'virtio-9p-pci,fsdev=host,mount_tag=host'],
    ...disk('scratch', scratch),
    ...disk('temporary', temporary),
  ]
  return spawn('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...machine], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** A disk whose changes are thrown away, so that machines may share its file. */
function disk(name: string, file: string): string[] {
  const drive = `id=${name},file=${file},format=raw,if=none,snapshot=on,cache=unsafe,aio=threads`
  return ['-drive', drive, '-device', `virtio-blk-pci,drive=${name}`]
}
