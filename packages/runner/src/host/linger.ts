import { access } from 'node:fs/promises'
import { userInfo } from 'node:os'

import type { Place } from '../cgroup/contract.ts'
import type { DoctorLine } from './doctor-line.ts'

/** A user's systemd, and the jobs in its scopes, ends with the user's last session, unless it lingers (loginctl(1)). */
export async function explainLinger({ mode, tracking }: Place): Promise<DoctorLine[]> {
  if (process.geteuid!() === 0 || mode === 'parent' || !/\/user@\d+\.service\//.test(tracking)) return []
  const { username } = userInfo()
  const lingers = await access(`/var/lib/systemd/linger/${username}`).then(
    () => true,
    () => false,
  )
  if (lingers) return []
  const detail = `all jobs of ${username} end with the last session, those that were detached too`
  return [{ ok: 'warn', what: 'logging out', detail, fix: 'loginctl enable-linger' }]
}
