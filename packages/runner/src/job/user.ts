import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

import { InvalidOptionError } from '../errors/mistakes.ts'

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
 * A numeric id needs no entry; its group is then the entry's, or the one of the same number.
 */
export async function findAccount(user: unknown, group: unknown): Promise<Account | null> {
  if (user === undefined && group === undefined) return null
  const entry = user === undefined ? undefined : await findEntry('passwd', user)
  const uid = user === undefined ? process.getuid!() : entry ? Number(entry[2]) : numericId('user', user)
  const gid = group === undefined ? (entry ? Number(entry[3]) : uid) : await findGroup(group)
  checkPrivilege(uid, gid)
  const name = entry?.[0] ?? null
  return { uid, gid, groups: name === null ? [gid] : await groupsOf(name, gid), name, home: entry?.[5] || '/' }
}

/** Only root may run jobs as others. */
function checkPrivilege(uid: number, gid: number): void {
  if (process.geteuid!() === 0 || (uid === process.geteuid!() && gid === process.getegid!())) return
  throw new InvalidOptionError('user', `${uid}:${gid}`, 'the own user and group, as this process is not root')
}

function numericId(option: string, value: unknown): number {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= maxId) return number
  throw new InvalidOptionError(option, value, `a name that this host knows, or an id from 0 to ${maxId}`)
}

async function findGroup(group: unknown): Promise<number> {
  const entry = await findEntry('group', group)
  return entry ? Number(entry[2]) : numericId('group', group)
}

/** An entry by name or id: from the file first, else from what else the host asks (getent(1): LDAP, systemd-homed …). */
async function findEntry(database: 'passwd' | 'group', key: unknown): Promise<string[] | undefined> {
  const option = database === 'passwd' ? 'user' : 'group'
  if (typeof key === 'number') numericId(option, key)
  else if (typeof key !== 'string' || !/^[^\s:-][^\s:]*$/.test(key)) {
    throw new InvalidOptionError(option, key, 'a name or a numeric id')
  }
  const text = String(key)
  const matches = (fields: string[]): boolean => fields[0] === text || fields[2] === text
  for (const fields of await readDatabase(database)) if (matches(fields)) return fields
  try {
    const { stdout } = await promisify(execFile)('getent', ['--', database, text])
    return stdout.trimEnd().split(':')
  } catch {
    return undefined
  }
}

async function groupsOf(name: string, gid: number): Promise<number[]> {
  const groups = (await readDatabase('group')).filter((fields) => fields[3]?.split(',').includes(name))
  return [...new Set([gid, ...groups.map((fields) => Number(fields[2]))])]
}

async function readDatabase(database: 'passwd' | 'group'): Promise<string[][]> {
  const text = await readFile(`/etc/${database}`, 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'))
}
