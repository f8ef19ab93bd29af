import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { characterDevice, directory, file, packCpio } from './cpio.ts'
import type { Kernel } from './kernel.ts'
import { readModules } from './kernel.ts'

/** What one boot tells the guest, by file name below /machine. */
export interface Orders {
  init: 'busybox' | 'systemd'
  /** Marks the lines on the console that are for this program. */
  nonce: string
  /** The repository's path, the same on the host and in the guest. */
  repository: string
  /** Folders below /tmp or /root that the guest needs, one per line. */
  keep: string
  script: string
}

/** Packs the initramfs of one boot: busybox, the modules, the init program and its orders. */
export async function packInitramfs(kernel: Kernel, orders: Orders): Promise<Buffer> {
  const modules = await readModules(kernel)
  const guest = join(import.meta.dirname, 'guest')
  return packCpio([
    ...['bin', 'dev', 'modules', 'machine'].map(directory),
    characterDevice('dev/console', 5, 1),
    file('bin/busybox', await readFile('/bin/busybox'), 0o755),
    file('init', await readFile(join(guest, 'init.sh')), 0o755),
    file('modules/order', modules.map(({ name }) => `${name}\n`).join('')),
    ...modules.map(({ name, data }) => file(`modules/${name}.ko`, data)),
    ...Object.entries(orders).map(([name, value]) => file(`machine/${name}`, value)),
  ])
}
