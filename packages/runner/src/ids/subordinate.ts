import { access, constants, readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'

import type { IdMap } from '../isolation/config.ts'
import { clip, type IdRange, mapAround } from './mapping.ts'

/** The ids that the user namespace of an ordinary user's jobs has. */
export interface IdMaps {
  uid: readonly IdMap[]
  gid: readonly IdMap[]
}

/** What an ordinary user's jobs may be besides that user. */
export type OwnIds =
  /** `programs`: what maps them, the one for users first. */
  | { maps: IdMaps; programs: readonly [uid: string, gid: string] }
  /** `why` not, and what would help. */
  | { maps: null; why: string }

let own: Promise<OwnIds> | undefined

/**
 * The ids that this process may give to its jobs, not being root: its own, and those that root has set aside for it in
 * /etc/subuid and /etc/subgid (subuid(5)), which newuidmap(1) and newgidmap(1) map. Looked up once.
 */
export function ownIds(): Promise<OwnIds> {
  return (own ??= findOwnIds())
}

async function findOwnIds(): Promise<OwnIds> {
  const lack = (why: string): OwnIds => ({ maps: null, why })
  const [uid, gid] = [process.geteuid!(), process.getegid!()]
  const account = ownAccount()
  const [uidRanges, gidRanges] = await Promise.all([
    readRanges('/etc/subuid', [account?.username, String(uid)], '/proc/self/uid_map'),
    readRanges('/etc/subgid', [account?.username, String(uid)], '/proc/self/gid_map'),
  ])
  const name = account?.username ?? String(uid)
  if (uidRanges.length === 0 || gidRanges.length === 0) {
    const example = '100000-165535'
    return lack(
      `root has set no ids aside for ${name} in ${uidRanges.length === 0 ? '/etc/subuid' : '/etc/subgid'}; it can by ` +
        `usermod --add-subuids ${example} --add-subgids ${example} ${name}`,
    )
  }
  const programs = await Promise.all(['newuidmap', 'newgidmap'].map(findProgram))
  const [forUsers, forGroups] = programs
  if (!forUsers || !forGroups) return lack('newuidmap and newgidmap are not installed (on Debian, the package uidmap)')
  if (account?.gid !== gid) return lack(`newgidmap serves no process whose group (${gid}) is not its user's own`)
  if (await hasNoNewPrivileges()) return lack('no_new_privs is set, with which newuidmap cannot work')
  return {
    maps: { uid: mapAround(uid, uidRanges), gid: mapAround(gid, gidRanges) },
    programs: [forUsers, forGroups],
  }
}

/** Undefined: this user has no entry. */
function ownAccount(): { username: string; gid: number } | undefined {
  try {
    return userInfo()
  } catch {
    return undefined
  }
}

/** The ranges of a user in a file, as far as they exist in this process's own namespace. */
async function readRanges(file: string, names: readonly (string | undefined)[], ownMap: string): Promise<IdRange[]> {
  const [text, map] = await Promise.all([file, ownMap].map((path) => readFile(path, 'utf8').catch(() => '')))
  const ranges = text!.split('\n').map((line) => line.split(':'))
  const known = map!.split('\n').map((line) => line.trim().split(/\s+/))
  return clip(
    ranges.filter(([name]) => names.includes(name)).flatMap(([, first, count]) => toRange(first, count)),
    known.flatMap(([inside, , size]) => toRange(inside, size)),
  )
}

function toRange(first: string | undefined, count: string | undefined): IdRange[] {
  const range = { first: Number(first), count: Number(count) }
  return range.first >= 0 && range.count > 0 ? [range] : []
}

async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of ['/usr/bin', '/bin', '/usr/local/bin', '/run/wrappers/bin']) {
    const path = join(folder, name)
    const there = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (there) return path
  }
  return undefined
}

async function hasNoNewPrivileges(): Promise<boolean> {
  return /^NoNewPrivs:\s*1$/m.test(await readFile('/proc/self/status', 'utf8').catch(() => ''))
}
