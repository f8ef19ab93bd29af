import { accessSync, appendFileSync, constants, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Something that was not tested, for the list at the end of `npm test`. */
export interface Skip {
  what: string
  why: string
  /** What a person can do about it. */
  unskip: string
}

/** Says what keeps this host from booting a machine, if anything does. */
export function whyNoMachine(): Omit<Skip, 'what'> | undefined {
  if (process.arch !== 'x64') {
    return { why: `the machine is an x86-64 one, this host is ${process.arch}`, unskip: 'use an x86-64 host' }
  }
  if (!isProgram('qemu-system-x86_64')) return lack('qemu-system-x86_64', 'qemu-system-x86')
  if (!isProgram('setpriv')) return lack('setpriv', 'util-linux')
  if (!isStaticBusybox()) return lack('a static /bin/busybox', 'busybox-static')
  return undefined
}

/** Says what keeps a machine on this host from running systemd, if anything does. */
export function whyNoSystemd(): Omit<Skip, 'what'> | undefined {
  if (!isProgram('/lib/systemd/systemd')) return lack('systemd', 'systemd')
  if (!isProgram('dbus-daemon')) return lack('a D-Bus daemon', 'dbus dbus-user-session libpam-systemd')
  return undefined
}

/** Reports a skip. Where everything must work, it is a failure. */
export function reportSkip(skip: Skip): void {
  const list = process.env['CORRAL_SKIP_FILE']
  if (list !== undefined) appendFileSync(list, `${JSON.stringify(skip)}\n`)
  process.stdout.write(`vm: skipped ${skip.what}: ${skip.why}. To run it: ${skip.unskip}\n`)
  if (process.env['CORRAL_MUST_WORK'] === '1') process.exitCode = 1
}

function lack(what: string, packages: string): Omit<Skip, 'what'> {
  return { why: `${what} is not installed`, unskip: `apt-get install ${packages}` }
}

function isProgram(name: string): boolean {
  const folders = name.startsWith('/') ? ['/'] : [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin']
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Debian's package busybox has the same file, but it needs a dynamic linker. */
function isStaticBusybox(): boolean {
  return isProgram('/bin/busybox') && !readFileSync('/bin/busybox').includes('/ld-linux')
}
