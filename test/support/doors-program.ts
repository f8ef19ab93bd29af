import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import type { ListenersOptions } from '../../packages/daemon/src/listen/index.ts'
import { nodeProgram } from './node-programs.ts'

export interface DoorsProgram extends AsyncDisposable {
  pid: number
  /** What it has written, line by line. */
  lines: Record<string, unknown>[]
  addresses: { name: string; address: string }[]
  /** Its resident memory, in bytes. */
  memory: () => Promise<number>
}

const program = join(import.meta.dirname, '../daemon/programs/doors.ts')

/**
 * Runs listeners in a process of their own, until it is disposed. `descriptors`: what it is handed over, by name.
 * @throws {Error} with what it says when it refuses to.
 */
export async function runDoors(
  options: Omit<ListenersOptions, 'log'>,
  descriptors: readonly (readonly [string, number])[] = [],
): Promise<DoorsProgram> {
  const child = start([...nodeProgram(program), JSON.stringify(options)], descriptors)
  const lines: Record<string, unknown>[] = []
  const first = new Promise<Record<string, unknown>>((resolve) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const parsed = JSON.parse(line) as Record<string, unknown>
      lines.push(parsed)
      if ('addresses' in parsed || 'refused' in parsed) resolve(parsed)
    })
  })
  const ended = once(child, 'close')
  const said = await first
  if ('refused' in said) {
    await ended
    throw new Error(String(said['refused']))
  }
  return {
    pid: child.pid!,
    lines,
    addresses: said['addresses'] as DoorsProgram['addresses'],
    memory: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
      return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) * 1024
    },
    [Symbol.asyncDispose]: async () => {
      child.kill()
      await ended
    },
  }
}

function start(words: string[], descriptors: readonly (readonly [string, number])[]): ChildProcess {
  const stdio: StdioOptions = ['ignore', 'pipe', 'inherit', ...descriptors.map(([, fd]) => fd)]
  if (descriptors.length === 0) return spawn(words[0]!, words.slice(1), { stdio })
  const names = descriptors.map(([name]) => name).join(':')
  const env = { ...process.env, LISTEN_FDS: String(descriptors.length), LISTEN_FDNAMES: names }
  // The process that is meant is the one that this becomes.
  return spawn('sh', ['-c', 'LISTEN_PID=$$ exec "$@"', 'sh', ...words], { stdio, env })
}
