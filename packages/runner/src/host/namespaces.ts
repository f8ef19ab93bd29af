import { access, readFile } from 'node:fs/promises'

import type { DoctorLine } from './doctor-line.ts'

/** The namespaces of a job, by their names in /proc/PID/ns and in /proc/sys/user (namespaces(7)). */
const kinds = { pid: 'pid', mnt: 'mnt', net: 'net', ipc: 'ipc', uts: 'uts', cgroup: 'cgroup', time: 'time' } as const

/** Whether this user may make the namespaces of a job. Whether it works is shown by a real job. */
export async function explainNamespaces(): Promise<DoctorLine> {
  const what = 'namespaces'
  const needed = process.geteuid!() === 0 ? Object.keys(kinds) : ['user', ...Object.keys(kinds)]
  const lacking: string[] = []
  for (const kind of needed) {
    const there = await access(`/proc/self/ns/${kind}`).then(
      () => true,
      () => false,
    )
    if (!there || (await readNumber(`/proc/sys/user/max_${kind}_namespaces`)) === 0) lacking.push(kind)
  }
  if (lacking.length > 0) {
    const fix = `a kernel that has them, and sysctl user.max_${lacking[0]}_namespaces above 0`
    return { ok: false, what, detail: `none of kind ${lacking.join(', ')}`, fix }
  }
  const refusal = process.geteuid!() === 0 ? undefined : await refusedToUsers()
  if (refusal) return { ok: false, what, detail: 'user namespaces are refused to ordinary users', fix: refusal }
  return { ok: true, what, detail: needed.join(', ') }
}

/** The switches of Debian and of Ubuntu that keep ordinary users from user namespaces. */
async function refusedToUsers(): Promise<string | undefined> {
  if ((await readNumber('/proc/sys/kernel/unprivileged_userns_clone')) === 0)
    return 'sysctl kernel.unprivileged_userns_clone=1'
  if ((await readNumber('/proc/sys/kernel/apparmor_restrict_unprivileged_userns')) === 1) {
    return 'an AppArmor profile for the launcher that allows userns, or sysctl kernel.apparmor_restrict_unprivileged_userns=0'
  }
  return undefined
}

async function readNumber(path: string): Promise<number | undefined> {
  return readFile(path, 'utf8').then(Number, () => undefined)
}
