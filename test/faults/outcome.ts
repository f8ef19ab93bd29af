import type { JobStatus } from '@corral/runner'

/** How jobs end, by what stands last in their names. */
const outcomes = {
  zero: { script: 'exit 0', state: 'exited', exitStatus: 0, signal: null },
  seven: { script: 'sleep 0.03; exit 7', state: 'exited', exitStatus: 7, signal: null },
  most: { script: '(sleep 0.01; exit 3); exit 255', state: 'exited', exitStatus: 255, signal: null },
  kill: { script: 'sleep 0.05; kill -KILL $$', state: 'signaled', exitStatus: null, signal: 'SIGKILL' },
  term: { script: 'kill -TERM $$', state: 'signaled', exitStatus: null, signal: 'SIGTERM' },
  orphan: { script: 'sleep 1000 & exit 42', state: 'exited', exitStatus: 42, signal: null },
} as const

type Ending = keyof typeof outcomes
const endings = Object.keys(outcomes) as Ending[]

/** The name of the nth job: it says how the job will end. */
export function nameOf(prefix: string, index: number): string {
  return `${prefix}:${index}:${endings[index % endings.length]!}`
}

function outcomeOf(name: string): (typeof outcomes)[Ending] {
  return outcomes[name.slice(name.lastIndexOf(':') + 1) as Ending]
}

/** What the job of this name runs: it says its name first. */
export function commandOf(name: string): string[] {
  return ['/bin/sh', '-c', `echo ${name}; ${outcomeOf(name).script}`]
}

/** What is to be known of the job of this name in the end. */
export function expectedEnd(name: string): Pick<JobStatus, 'state' | 'exitStatus' | 'signal'> {
  const { state, exitStatus, signal } = outcomeOf(name)
  return { state, exitStatus, signal }
}

/** The same, as it was found. */
export function foundEnd({ state, exitStatus, signal }: JobStatus): Pick<JobStatus, 'state' | 'exitStatus' | 'signal'> {
  return { state, exitStatus, signal }
}
