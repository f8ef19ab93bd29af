import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

import type { Machine } from '../compile-launcher.ts'

/** Where Debian has the licence of the C library that the programs of a machine are linked with. */
function copyrights(machine: Machine): readonly string[] {
  if (machine === process.arch) return ['/usr/share/doc/musl/copyright', '/usr/share/doc/libc6-dev/copyright']
  return [`/usr/share/doc/libc6-dev-${machine === 'x64' ? 'amd64' : machine}-cross/copyright`]
}

/** What has to be said of the programs of a machine: they hold parts of a C library. */
export async function nativeNotice(machine: Machine): Promise<string> {
  const file = copyrights(machine).find((path) => existsSync(path))
  if (file === undefined) throw new Error(`no licence of a C library: none of ${copyrights(machine).join(', ')}`)
  const text = await readFile(file, 'utf8')
  return `corral-launcher and corral-syscall hold parts of a C library, whose licence follows.\n\n${text}`
}
