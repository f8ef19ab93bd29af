import { ownIds } from '../ids/subordinate.ts'
import type { DoctorLine } from './doctor-line.ts'

/** Whom an ordinary user's jobs can be; root's can be anybody. */
export async function explainIds(): Promise<DoctorLine[]> {
  if (process.geteuid!() === 0) return []
  const what = 'other users'
  const ids = await ownIds()
  if (!ids.maps) return [{ ok: 'warn', what, detail: `jobs run as this user alone: ${ids.why}` }]
  const last = ids.maps.uid.at(-1)!
  const detail = `jobs can be users up to ${last.inside + last.size - 1}, by ${ids.programs[0]}, and strict gives each its own`
  return [{ ok: true, what, detail }]
}
