/** One run of vitest in one machine. */
export interface Suite {
  what: string
  init: 'busybox' | 'systemd'
  /** The folder of its tests. */
  folder: string
  /** Further arguments of `vitest run`. */
  options: string[]
  env: Record<string, string>
  /** What runs it, in front of its command. Default: root does. */
  by?: string[]
  timeoutMs: number
}

export interface Totals {
  passed: number
  failed: number
  skipped: number
}

const MINUTE = 60_000

export const SUITES: Suite[] = [
  {
    what: 'the behaviour tests on pure cgroup v2',
    init: 'busybox',
    folder: 'test',
    // What does not touch a cgroup is the same on any layout, and emulation is slow: the command's tests start Node
    // hundreds of times.
    options: exclude(
      'test/placement/**',
      'test/{chaos,cli,client,daemon,files,foreign,output,release,shim,stdin,terminal}/**',
      'test/faults/{peers,refusals,storage}.test.ts',
      'test/isolation/{recipes,seccomp}.test.ts',
      'test/launcher/frames.test.ts',
      'test/readme.test.ts',
      'test/rootless/{command,files,no-limits,ordinary-user}.test.ts',
    ),
    env: { CORRAL_IN_VM: '1', CORRAL_LAYOUT: 'unified' },
    timeoutMs: 20 * MINUTE,
  },
  {
    what: 'the placement tests under systemd',
    init: 'systemd',
    folder: 'test/placement',
    // Much of it is waiting: for systemd, and for launchers that have nothing more to do.
    options: ['--sequence.concurrent', '--maxConcurrency=4'],
    env: { CORRAL_IN_VM: 'systemd', CORRAL_LAYOUT: 'unified' },
    timeoutMs: 10 * MINUTE,
  },
  {
    what: 'corrald as a service of systemd',
    init: 'systemd',
    folder: 'test/systemd',
    options: [],
    env: { CORRAL_IN_VM: 'systemd', CORRAL_LAYOUT: 'unified' },
    timeoutMs: 10 * MINUTE,
  },
  {
    what: 'the attacks by jobs of an ordinary user',
    init: 'systemd',
    folder: 'test/escape',
    // An ordinary user cannot write where the configuration would be compiled to; and what these try is root's.
    options: ['--configLoader', 'runner', ...exclude('test/escape/{fail-closed,launcher}.test.ts')],
    env: { CORRAL_IN_VM: '1', CORRAL_LAYOUT: 'unified' },
    by: ['as-user', 'as-service'],
    timeoutMs: 10 * MINUTE,
  },
]

function exclude(...patterns: string[]): string[] {
  return patterns.flatMap((pattern) => ['--exclude', pattern])
}

/** The guest's script that runs a suite, with this process's Node. */
export function suiteScript({ folder, options, env, by = [] }: Suite): string {
  const inherited = ['CI', 'CORRAL_MUST_WORK'].map((name) => [name, process.env[name]] as const)
  const exports = [...inherited, ...Object.entries(env)].map(([name, value]) => {
    return value === undefined ? '' : `export ${name}=${quote(value)}\n`
  })
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.config.ts', `${folder}/`, ...options]
  return `${exports.join('')}exec ${quoteAll([...by, process.execPath, ...vitest])}\n`
}

/** Reads vitest's closing line, like `Tests  1 failed | 20 passed | 2 skipped (23)`. */
export function readTotals(output: string): Totals {
  const line = [...output.matchAll(/^ *Tests {2}(.*)$/gm)].at(-1)?.[1] ?? ''
  const count = (word: string): number => Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0)
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') + count('todo') }
}

/** A command line that the shell takes apart into these words. */
export function quoteAll(words: string[]): string {
  return words.map(quote).join(' ')
}

function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}
