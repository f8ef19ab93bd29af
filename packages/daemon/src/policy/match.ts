import type { Caller } from '../identity/caller.ts'

/** Whether a caller is whom a pattern means. */
export type Matcher = (caller: Caller) => boolean

/** Reads the `match` of an identity's entry. A certificate can never be taken for a local user, whatever it is called. */
export function matcherOf(pattern: string): Matcher {
  const [, kind, name = ''] = /^(unix|unix-group):(.*)$/s.exec(pattern) ?? []
  if (kind === 'unix-group') return ({ via, groups = [] }) => via === 'unix' && groups.includes(name)
  if (kind === 'unix') {
    const names = globOf(pattern)
    return ({ via, identity, uid }) => via === 'unix' && (names.test(identity) || String(uid) === name)
  }
  const identities = globOf(pattern)
  return ({ via, identity }) => via === 'tls' && identities.test(identity)
}

function globOf(pattern: string): RegExp {
  const parts = pattern.split(/(\*\*?)/).map((part) => {
    if (part === '**') return '.*'
    return part === '*' ? '[^/]*' : RegExp.escape(part)
  })
  return new RegExp(`^${parts.join('')}$`, 's')
}

/** Whether an identity is one that only this kind of connection can have; nobody's jobs have no owner. */
export function isGenuine({ via, identity }: Caller): boolean {
  return identity !== '' && (via === 'unix') === identity.startsWith('unix:') && !identity.startsWith('unix-group:')
}
