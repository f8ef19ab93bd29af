import { createHash } from 'node:crypto'

import type { JobConfig, JobState, Signal } from '@corral/runner'

/** A job whose output and end are known beforehand. */
export interface PlannedJob {
  index: number
  config: JobConfig
  bytes: number
  /** Of its whole output, in hexadecimal. */
  sha256: string
  state: JobState
  exitStatus: number | null
  signal: Signal | null
}

/** How a job ends: what its script does last, and what is then known of it. */
interface End extends Pick<PlannedJob, 'state' | 'exitStatus' | 'signal'> {
  script: string
  timeoutMs?: number
}

const ends: readonly ((index: number) => End)[] = [
  () => ({ script: 'exit 0', state: 'exited', exitStatus: 0, signal: null }),
  (index) => ({ script: `exit ${index % 251}`, state: 'exited', exitStatus: index % 251, signal: null }),
  () => ({ script: 'kill -KILL $$', state: 'signaled', exitStatus: null, signal: 'SIGKILL' }),
  () => ({ script: 'kill -TERM $$', state: 'signaled', exitStatus: null, signal: 'SIGTERM' }),
  () => ({ script: 'exec sleep 1000', timeoutMs: 15_000, state: 'timed-out', exitStatus: null, signal: 'SIGTERM' }),
]

/** Sizes of the two halves of an output: none, a line, more than a page, more than a message. */
const sizes = [0, 12, 5_000, 300_000, 1_500_000]
const pauses = [0, 0.1, 0.4, 0.9]

/**
 * Jobs that write, pause, write and end in different ways. Each appends its index to the file `mark` when it begins: so
 * often has it been run.
 */
export function planJobs(count: number, mark: string): PlannedJob[] {
  return Array.from({ length: count }, (_, index) => planJob(index, mark))
}

function planJob(index: number, mark: string): PlannedJob {
  const { script, timeoutMs, ...end } = pick(ends, index)(index)
  const halves = [pick(sizes, index * 7 + 1), pick(sizes, index * 3 + 2)].map((bytes, half) => ({
    line: `job ${index} half ${half}`,
    bytes,
  }))
  const [first, second] = halves.map(({ line, bytes }) => `yes '${line}' | head -c ${bytes}`)
  const words = [`echo ${index} >>'${mark}'`, first, `sleep ${pick(pauses, index)}`, second, script]
  const output = Buffer.concat(halves.map(({ line, bytes }) => repeat(`${line}\n`, bytes)))
  return {
    index,
    config: {
      command: ['sh', '-c', words.join('; ')],
      isolation: 'none',
      labels: { index: String(index) },
      ...(timeoutMs !== undefined && { timeoutMs, stopGraceMs: 10_000 }),
    },
    bytes: output.length,
    sha256: createHash('sha256').update(output).digest('hex'),
    ...end,
  }
}

function pick<T>(values: readonly T[], index: number): T {
  return values[index % values.length]!
}

/** The first so many bytes of a line that is repeated without end. */
function repeat(line: string, bytes: number): Buffer {
  return Buffer.from(line.repeat(Math.ceil(bytes / line.length))).subarray(0, bytes)
}
