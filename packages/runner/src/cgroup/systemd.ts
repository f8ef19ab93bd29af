import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { promisify } from 'node:util'

/** Whether systemd is the init of this host (sd_booted(3)). */
export async function isSystemdHost(): Promise<boolean> {
  return exists('/run/systemd/system')
}

/** Whether a cgroup is one that was made in a unit's, below which there are no units. */
export function isInUnit(cgroup: string): boolean {
  return isUnit(dirname(cgroup)) && !isUnit(cgroup) && !cgroup.endsWith('.slice')
}

function isUnit(cgroup: string): boolean {
  return /\.(service|scope)$/.test(cgroup)
}

/** How long systemd may take to say what a unit is; a bus that is stuck must not keep a job waiting. */
const answerMs = 5000

/** Whether the unit that a cgroup belongs to may divide it: `Delegate=yes` (systemd.resource-control(5)). */
export async function isDelegatedUnit(cgroup: string): Promise<boolean> {
  if (!isUnit(cgroup)) return false
  // Below user@UID.service are the units of the user's own systemd.
  const manager = /\/user@\d+\.service\/./.test(cgroup) ? ['--user'] : []
  try {
    const words = [...manager, 'show', '--property=Delegate', '--value', '--', basename(cgroup)]
    const env = { ...process.env, ...(await busEnvironment()) }
    const { stdout } = await promisify(execFile)('systemctl', words, { env, timeout: answerMs })
    return stdout.trim() === 'yes'
  } catch {
    return false
  }
}

/** What has systemd run a command line in a scope of its own, which the command may divide. */
export function scopePrefix(unit: string): string[] {
  const manager = process.geteuid!() === 0 ? '--system' : '--user'
  const description = `--description=Jobs of Corral`
  return [
    'systemd-run',
    manager,
    '--scope',
    '--quiet',
    '--collect',
    `--unit=${unit}`,
    description,
    '-p',
    'Delegate=yes',
    '-p',
    'TasksMax=infinity',
    '--',
  ]
}

/** Whether this user has a systemd that would be asked; root's is the host's. */
export async function hasOwnSystemd(): Promise<boolean> {
  return process.geteuid!() === 0 || (await runtimeFolder()) !== undefined
}

/** Where systemd-run and systemctl find the user's systemd, also in a shell that came by su(1) or sudo(8). */
export async function busEnvironment(): Promise<Record<string, string>> {
  const folder = process.geteuid!() === 0 ? undefined : await runtimeFolder()
  return folder === undefined ? {} : { XDG_RUNTIME_DIR: folder }
}

/** The folder with the sockets of the user's systemd, which it has with and without a D-Bus of the user's. */
async function runtimeFolder(): Promise<string | undefined> {
  const folders = [process.env['XDG_RUNTIME_DIR'], `/run/user/${process.geteuid!()}`]
  for (const folder of folders) if (folder && (await exists(`${folder}/systemd/private`))) return folder
  return undefined
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  )
}
