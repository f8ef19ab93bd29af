import { InvalidOptionError } from '../errors/mistakes.ts'
import { type IdRange, longestRun } from './mapping.ts'
import { ownIds } from './subordinate.ts'

/**
 * Root's jobs count from here on, by the pid of their init, which ends at 4,194,304 (PID_MAX_LIMIT): ids behind all that
 * systemd gives out (systemd, docs/UIDS-GIDS.md), and not one that another process of the host has meanwhile.
 */
const forRoot: IdRange = { first: 0x70000000, count: 4_194_304 }

/**
 * The ids, of users and groups alike, of which each job gets one of its own. Those of an ordinary user's jobs are counted
 * round and round: two that run at once have the same one when their pids are a multiple of `count` apart.
 * @throws {InvalidOptionError} when this user has none to give.
 */
export async function idsForJobs(): Promise<IdRange> {
  if (process.geteuid!() === 0) return forRoot
  const ids = await ownIds()
  const [uid, gid] = [process.geteuid!(), process.getegid!()]
  const run = ids.maps && longestRun(ids.maps.uid, [uid, gid])
  const groups = ids.maps && longestRun(ids.maps.gid, [uid, gid])
  const first = Math.max(run?.first ?? 1, groups?.first ?? 1)
  const end = Math.min(run ? run.first + run.count : 0, groups ? groups.first + groups.count : 0)
  if (end > first) return { first, count: end - first }
  const why = ids.maps ? 'the ids that root has set aside for this user are too few' : ids.why
  throw new InvalidOptionError(
    'isolation',
    'strict',
    `with a 'user', such as this one: strict gives each job a user of its own, for which, without root, ids must have been set aside; ${why}`,
  )
}
