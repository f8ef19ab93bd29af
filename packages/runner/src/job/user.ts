import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

import { InvalidOptionError } from '../errors/mistakes.ts'
import { hasId } from '../ids/mapping.ts'
import { ownIds } from '../ids/subordinate.ts'
import { parseCount } from './limits-number.ts'

/** Whom a job runs as. */
export interface Account {
  uid: number
  gid: number
  groups: readonly number[]
  name: string | null
  home: string
}

const maxId = 0xfffffffe

/**
 * Looks a user and group up. Null: neither is given, the job runs as the runner.
 * A numeric id needs no entry; its group is then the entry's, or the one of the same number. `isMapped`: the ids are
 * those in a user namespace of the job's own, where it runs as root when nothing else is said.
 */
export async function findAccount(user: unknown, group: unknown, isMapped = false): Promise<Account | null> {
  if (user === undefined && group === undefined && !isMapped) return null
  const who = user === undefined ? (isMapped ? 0 : process.geteuid!()) : user
  const entry = await findEntry('passwd', who)
  const uid = entry ? Number(entry.fields[2]) : numericId('user', who)
  const gid = group === undefined ? (entry ? Number(entry.fields[3]) : uid) : await findGroup(group)
  const listed = entry ? await groupsOf(entry, gid) : [gid]
  const groups = isMapped ? listed : await checkPrivilege(uid, gid, listed)
  return { uid, gid, groups, name: entry?.fields[0] ?? null, home: entry?.fields[5] || '/' }
}

/** Only root may run jobs as any others; an ordinary user, as those that its jobs' namespace has. Gives the groups that it has. */
async function checkPrivilege(uid: number, gid: number, groups: readonly number[]): Promise<readonly number[]> {
  if (process.geteuid!() === 0 || (uid === process.geteuid!() && gid === process.getegid!())) return groups
  const ids = await ownIds()
  if (ids.maps && hasId(ids.maps.uid, uid) && hasId(ids.maps.gid, gid)) {
    const { gid: known } = ids.maps
    return groups.filter((group) => hasId(known, group))
  }
  const accepted = ids.maps
    ? 'a user and a group that /etc/subuid and /etc/subgid have ids for, counted from 0'
    : `the own user and group, as this process is not root, and ${ids.why}`
  throw new InvalidOptionError('user', `${uid}:${gid}`, accepted)
}

function numericId(option: string, value: unknown): number {
  return parseCount(option, value, 0, maxId, `a name that this host knows, or an id from 0 to ${maxId}`)
}

async function findGroup(group: unknown): Promise<number> {
  const entry = await findEntry('group', group)
  return entry ? Number(entry.fields[2]) : numericId('group', group)
}

/** A line of passwd(5) or group(5), and whether it is in the file itself. */
interface Entry {
  fields: readonly string[]
  isLocal: boolean
}

/** An entry by name or id: from the file first, else from what else the host asks (LDAP, systemd-homed …). */
async function findEntry(database: 'passwd' | 'group', key: unknown): Promise<Entry | undefined> {
  const option = database === 'passwd' ? 'user' : 'group'
  if (typeof key === 'number') numericId(option, key)
  else if (typeof key !== 'string' || !/^[^\s:-][^\s:]*$/.test(key)) {
    throw new InvalidOptionError(option, key, 'a name or a numeric id')
  }
  const text = String(key)
  const local = (await readDatabase(database)).find((fields) => fields[0] === text || fields[2] === text)
  if (local) return { fields: local, isLocal: true }
  const line = await askHost('getent', ['--', database, text])
  return line === undefined ? undefined : { fields: line.split(':'), isLocal: false }
}

/** The groups of a user, by getent(1)'s like where the files do not know of the user. */
async function groupsOf({ fields, isLocal }: Entry, gid: number): Promise<number[]> {
  const name = fields[0]!
  const listed = isLocal
    ? (await readDatabase('group')).filter((line) => line[3]?.split(',').includes(name)).map((line) => line[2])
    : (await askHost('id', ['-G', '--', name]))?.split(' ')
  return [...new Set([gid, ...(listed ?? []).map(Number)])]
}

async function readDatabase(database: 'passwd' | 'group'): Promise<string[][]> {
  const text = await readFile(`/etc/${database}`, 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'))
}

/** How long an answer holds, in milliseconds, and how many are kept: each one costs a process. */
const answerMs = 60_000
const answersMax = 1024
const answers = new Map<string, { text: Promise<string | undefined>; until: number }>()

/** The first line of what a program says; undefined when it knows nothing. */
function askHost(program: string, words: readonly string[]): Promise<string | undefined> {
  const question = [program, ...words].join(' ')
  const known = answers.get(question)
  if (known && known.until > performance.now()) return known.text
  if (answers.size >= answersMax) answers.clear()
  const text = promisify(execFile)(program, words).then(
    ({ stdout }) => stdout.split('\n')[0] || undefined,
    () => undefined,
  )
  answers.set(question, { text, until: performance.now() + answerMs })
  return text
}
