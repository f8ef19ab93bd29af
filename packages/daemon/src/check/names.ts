import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import type { Config } from '../config/schema.ts'
import type { Finding } from './check.ts'

/** Users and groups that the configuration names. */
export async function findNames({ unix, policy: { rules, identities } }: Config): Promise<Finding[]> {
  const allRules = [rules, ...identities.map(({ rules = {} }) => rules)]
  const peers = identities.map(({ match }) => /^(unix|unix-group):(.*)$/s.exec(match) ?? [])
  const users = [
    ...allRules.flatMap(({ user = [], users = [] }) => [user, users].flat()),
    ...peers.flatMap(([, kind, name = '']) => (kind === 'unix' ? name : [])),
  ]
  const groups = [
    ...(unix.group === undefined ? [] : [unix.group]),
    ...allRules.flatMap(({ group = [], groups = [] }) => [group, groups].flat()),
    ...peers.flatMap(([, kind, name = '']) => (kind === 'unix-group' ? name : [])),
  ]
  return Promise.all([
    ...namesOf(users).map((name) => find('passwd', name)),
    ...namesOf(groups).map((name) => find('group', name)),
  ])
}

/** Ids and patterns need not be anybody's. */
function namesOf(words: readonly string[]): string[] {
  return [...new Set(words)].filter((word) => !/^\d+$|\*/.test(word))
}

/** Asks the host's own name service, which may be more than /etc/passwd. */
async function find(database: 'passwd' | 'group', name: string): Promise<Finding> {
  const what = database === 'passwd' ? 'user' : 'group'
  return promisify(execFile)('getent', ['--', database, name]).then(
    () => ({ ok: true, what, detail: name }),
    () => ({ ok: false, what, detail: `there is no ${name} on this host` }),
  )
}
