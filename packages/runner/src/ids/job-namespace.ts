import { InvalidOptionError } from '../errors/mistakes.ts'
import type { IdMap } from '../isolation/config.ts'
import { hasId, translate } from './mapping.ts'
import { ownIds } from './subordinate.ts'

/** A user namespace of a job's own. The ids outside of it are as the job's init knows them. */
export interface JobNamespace {
  uid: readonly IdMap[]
  gid: readonly IdMap[]
  /** The job's user and group by their numbers outside. */
  outer: { uid: number; gid: number }
  /** The groups that the job's user is in, as far as they are mapped; null: they cannot be set. */
  groups: readonly number[] | null
}

/** As many ranges as surely fit what is written at once, a page (user_namespaces(7)). */
const maxRanges = 100

/**
 * Resolves a job's `uidMap` and `gidMap`, and checks that the job's user is in it. Null: it has none.
 * @throws {InvalidOptionError}
 */
export async function resolveNamespace(
  { uidMap, gidMap }: { uidMap: readonly IdMap[] | null; gidMap: readonly IdMap[] | null },
  account: { uid: number; gid: number; groups: readonly number[] } | null,
): Promise<JobNamespace | null> {
  if (gidMap !== null && uidMap === null) {
    throw new InvalidOptionError('isolation.gidMap', gidMap, 'nothing without isolation.uidMap')
  }
  if (uidMap === null || gidMap === null || account === null) return null
  checkRanges('isolation.uidMap', uidMap)
  checkRanges('isolation.gidMap', gidMap)
  checkMember('user', 'isolation.uidMap', account.uid, uidMap)
  checkMember('group', 'isolation.gidMap', account.gid, gidMap)
  const [uid, gid, canSetGroups] = await toInits(uidMap, gidMap)
  return {
    uid,
    gid,
    outer: { uid: outerId(uid, account.uid), gid: outerId(gid, account.gid) },
    groups: canSetGroups ? account.groups.filter((group) => hasId(gidMap, group)) : null,
  }
}

function checkRanges(option: string, maps: readonly IdMap[]): void {
  if (maps.length > maxRanges) throw new InvalidOptionError(option, maps.length, `at most ${maxRanges} ranges`)
  for (const side of ['inside', 'outside'] as const) {
    const sorted = maps.toSorted((a, b) => a[side] - b[side])
    const second = sorted.find(
      (map, index) => index > 0 && map[side] < sorted[index - 1]![side] + sorted[index - 1]!.size,
    )
    if (second) throw new InvalidOptionError(option, second, `ranges of which no id is in two, ${side} the namespace`)
  }
}

function checkMember(option: string, mapOption: string, id: number, maps: readonly IdMap[]): void {
  if (!hasId(maps, id)) throw new InvalidOptionError(option, id, `an id that ${mapOption} has inside the namespace`)
}

function outerId(maps: readonly IdMap[], id: number): number {
  const { inside, outside } = maps.find((map) => id >= map.inside && id < map.inside + map.size)!
  return outside + (id - inside)
}

/** The maps as init is to write them: for an ordinary user's job, in whose namespace ids have other numbers already. */
async function toInits(
  uidMap: readonly IdMap[],
  gidMap: readonly IdMap[],
): Promise<[uid: readonly IdMap[], gid: readonly IdMap[], canSetGroups: boolean]> {
  if (process.geteuid!() === 0) return [uidMap, gidMap, true]
  const ids = await ownIds()
  const alone = (id: number): IdMap[] => [{ inside: id, outside: id, size: 1 }]
  const below = ids.maps ?? { uid: alone(process.geteuid!()), gid: alone(process.getegid!()) }
  const [uid, gid] = [translate(uidMap, below.uid), translate(gidMap, below.gid)]
  if (uid && gid) return [uid, gid, ids.maps !== null]
  const [option, map, known] = uid ? ['gidMap', gidMap, below.gid] : ['uidMap', uidMap, below.uid]
  const ranges = known.map(({ outside, size }) => (size === 1 ? `${outside}` : `${outside} to ${outside + size - 1}`))
  const why = ids.maps ? '' : `; ${ids.why}`
  throw new InvalidOptionError(
    `isolation.${option}`,
    map,
    `outside, ids that are this user's: ${ranges.join(', ')}${why}`,
  )
}
