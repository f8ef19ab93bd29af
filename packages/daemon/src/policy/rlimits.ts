import { readFileSync } from 'node:fs'

import type { Rlimit } from '@corral/runner'

import { ForbiddenOptionError } from './forbidden.ts'
import type { Wish } from './isolation.ts'

type Rlimits = Readonly<Record<string, Rlimit>>

/** Resource limits that are at most the rules', or what every job has from the daemon. */
export function admitRlimits(rlimits: Rlimits, { rules }: Wish): Rlimits {
  return Object.fromEntries(
    Object.entries(rlimits).map(([name, limit]) => {
      const option = `isolation.rlimits.${name}`
      if (name === 'core' && rules.profile !== 'none' && rules.rlimits['core'] === undefined) {
        return [name, admitCore(option, limit)]
      }
      const max = rules.rlimits[name] ?? ownRlimits()[name]
      if (max === undefined) throw new ForbiddenOptionError(option, limit, Object.keys(ownRlimits()).join(', '))
      if (amount(limit) > amount(max)) throw new ForbiddenOptionError(option, limit, `at most ${max}`)
      return [name, limit]
    }),
  )
}

/** With 0 the kernel would still run the host's program where core_pattern is a pipe; the profiles have 1. */
function admitCore(option: string, limit: Rlimit): Rlimit {
  if (limit === 1 || (typeof limit === 'object' && limit.soft === 1 && limit.hard === 1)) return limit
  throw new ForbiddenOptionError(option, limit, '1, which is no core dump')
}

/** The larger half; what is not understood is more than anything. */
function amount(limit: Rlimit): number {
  const halves: unknown[] = typeof limit === 'object' && limit !== null ? [limit.soft, limit.hard] : [limit]
  return Math.max(...halves.map((half) => (typeof half === 'number' && half >= 0 ? half : Infinity)))
}

/** The names of proc_pid_limits(5), and what the library calls them. */
const names: Readonly<Record<string, string>> = {
  'Max cpu time': 'cpu',
  'Max file size': 'fsize',
  'Max data size': 'data',
  'Max stack size': 'stack',
  'Max core file size': 'core',
  'Max resident set': 'rss',
  'Max processes': 'nproc',
  'Max open files': 'nofile',
  'Max locked memory': 'memlock',
  'Max address space': 'as',
  'Max file locks': 'locks',
  'Max pending signals': 'sigpending',
  'Max msgqueue size': 'msgqueue',
  'Max nice priority': 'nice',
  'Max realtime priority': 'rtprio',
  'Max realtime timeout': 'rttime',
}

let own: Readonly<Record<string, number | 'unlimited'>> | undefined

/** The hard limits of this process, which jobs have where they say nothing. */
function ownRlimits(): Readonly<Record<string, number | 'unlimited'>> {
  own ??= Object.fromEntries(
    readFileSync('/proc/self/limits', 'utf8')
      .split('\n')
      .flatMap((line) => {
        const [, what = '', hard] = /^(.+?)\s{2,}\S+\s+(\S+)/.exec(line) ?? []
        const name = names[what]
        return name === undefined ? [] : [[name, hard === 'unlimited' ? hard : Number(hard)] as const]
      }),
  )
  return own
}
