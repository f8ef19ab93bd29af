import { CorralError } from '../errors/corral-error.ts'
import type { Field } from '../store/record.ts'
import type { JobNamespace } from './job-namespace.ts'
import { hasId } from './mapping.ts'
import { type IdMaps, ownIds } from './subordinate.ts'

/** The fields of a start frame that say whom the command runs as, and in what user namespace of its own. */
export function userFields(
  user: { uid: number; gid: number; groups: readonly number[] } | null,
  namespace: JobNamespace | null,
): Field[] {
  if (!user || (!namespace && isOwn(user))) return []
  const { uid, gid } = user
  const groups = namespace ? namespace.groups : user.groups
  const fields: Field[] = [['uid', uid], ['gid', gid], ...groupFields(groups)]
  if (namespace) {
    for (const map of namespace.uid) fields.push(['uidmap', `${map.inside} ${map.outside} ${map.size}`])
    for (const map of namespace.gid) fields.push(['gidmap', `${map.inside} ${map.outside} ${map.size}`])
    fields.push(['outeruid', namespace.outer.uid], ['outergid', namespace.outer.gid])
  }
  return fields
}

/**
 * The same for the own user of whoever is not root: named, it has the capabilities at once that the job is given, which
 * else none but root keeps over exec (capabilities(7)).
 */
export async function ownUserFields(): Promise<Field[]> {
  const { maps } = await ownIds()
  const groups = maps && process.getgroups!().filter((group) => hasId(maps.gid, group))
  return [['uid', process.geteuid!()], ['gid', process.getegid!()], ...groupFields(groups)]
}

/** Null: they cannot be set. */
function groupFields(groups: readonly number[] | null): Field[] {
  return groups === null ? [['keepgroups', 1]] : groups.map((group) => ['group', group])
}

/**
 * Makes sure that the launcher's jobs have the ids that this process knows of: it may have been started before root set
 * them aside. `others`: the job is to have others than the own.
 * @throws {CorralError} `NAMESPACE_REFUSED`
 */
export async function requireIds(mapped: IdMaps | undefined, others: boolean): Promise<void> {
  if (!others || process.geteuid!() === 0) return
  const { maps } = await ownIds()
  if (JSON.stringify(maps ?? undefined) === JSON.stringify(mapped)) return
  const message = 'the launcher was started when other ids were set aside for this user: wait 10 s until it has left'
  throw new CorralError('NAMESPACE_REFUSED', message)
}

/** Whoever is not root is its jobs' user already, and, alone in a user namespace, may set no groups (user_namespaces(7)). */
function isOwn({ uid, gid }: { uid: number; gid: number }): boolean {
  return process.geteuid!() !== 0 && uid === process.geteuid!() && gid === process.getegid!()
}
