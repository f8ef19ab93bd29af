import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'

/** How one start went, in ms from the request on. */
export interface Timing {
  /** Until the caller knows that the command, or its wrapper, was exec'd. */
  started: number
  /** Until the caller knows that it has ended. */
  ended: number
  /**
   * How much of `started` the event loop was not idle, that is not waiting in epoll: nothing else could have run.
   * It is the `active` of `performance.eventLoopUtilization`.
   */
  blocked: number
}

/** Runs a program to its end, with both outputs in a file: as a job has it. It finds `inputFd`, where there is one, as 3. */
export async function timeProcess(argv: readonly string[], outputFd: number, inputFd?: number): Promise<Timing> {
  const more = inputFd === undefined ? [] : [inputFd]
  const before = performance.eventLoopUtilization()
  const asked = performance.now()
  const child = spawn(argv[0]!, argv.slice(1), { stdio: ['ignore', outputFd, outputFd, ...more] })
  const exited = once(child, 'exit')
  await once(child, 'spawn')
  const started = performance.now() - asked
  const blocked = performance.eventLoopUtilization(before).active
  const [status] = await exited
  const ended = performance.now() - asked
  if (status !== 0) throw new Error(`${argv[0]} exited with ${status}`)
  return { started, ended, blocked }
}

/** The proportional set size of a process in KiB: its own pages, and its share of those that it has in common. */
export function pssKiB(pid: number | 'self'): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** The pid of the launcher of a storage root, or of that below a folder; undefined when there is none. */
export function launchersBelow(folder: string): number[] {
  return pids().filter((pid) => {
    const [program, root] = readProc(pid, 'cmdline').split('\0')
    return program?.endsWith('corral-launcher') && root?.startsWith(folder)
  })
}

function pids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger)
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

/** The processes that a process has forked. */
export function childrenOf(pid: number): number[] {
  return readProc(pid, `task/${pid}/children`).split(' ').filter(Boolean).map(Number)
}
