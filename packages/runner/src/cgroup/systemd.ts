import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { basename } from 'node:path'
import { promisify } from 'node:util'

/** Whether systemd is the init of this host (sd_booted(3)). */
export async function isSystemdHost(): Promise<boolean> {
  return exists('/run/systemd/system')
}

/** Whether the unit that a cgroup belongs to may divide it: `Delegate=yes` (systemd.resource-control(5)). */
export async function isDelegatedUnit(cgroup: string): Promise<boolean> {
  const unit = basename(cgroup)
  if (!/\.(service|scope)$/.test(unit)) return false
  // Below user@UID.service are the units of the user's own systemd.
  const manager = /\/user@\d+\.service\/./.test(cgroup) ? ['--user'] : []
  try {
    const words = [...manager, 'show', '--property=Delegate', '--value', '--', unit]
    const { stdout } = await promisify(execFile)('systemctl', words, { env: { ...process.env, ...busEnvironment() } })
    return stdout.trim() === 'yes'
  } catch {
    return false
  }
}

/** What has systemd run a command line in a scope of its own, which the command may divide. */
export function scopePrefix(unit: string): string[] {
  const manager = process.geteuid!() === 0 ? '--system' : '--user'
  const description = `--description=Jobs of Corral`
  return ['systemd-run', manager, '--scope', '--quiet', '--collect', `--unit=${unit}`, description, '-p', 'Delegate=yes', '-p', 'TasksMax=infinity', '--']
}

/** Whether this user has a systemd that would be asked; root's is the host's. */
export async function hasOwnSystemd(): Promise<boolean> {
  return process.geteuid!() === 0 || exists(`${runtimeFolder()}/bus`)
}

/** Where systemd-run and systemctl find the bus of the user's systemd, also in a shell that came by su(1). */
export function busEnvironment(): Record<string, string> {
  return process.geteuid!() === 0 ? {} : { XDG_RUNTIME_DIR: runtimeFolder() }
}

function runtimeFolder(): string {
  return process.env['XDG_RUNTIME_DIR'] || `/run/user/${process.geteuid!()}`
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  )
}
