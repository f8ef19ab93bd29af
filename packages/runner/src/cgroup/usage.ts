import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'

import type { Usage } from '../job/status.ts'
import type { CgroupPlan } from './contract.ts'

/** Beside a file that is kept in the exit record, the one that says how much it is now. */
const currentOf: Readonly<Record<string, string>> = {
  'memory.peak': 'memory.current',
  'memory.max_usage_in_bytes': 'memory.usage_in_bytes',
  'pids.peak': 'pids.current',
}

/** Reads the counters of a job that runs. Files that are not there are passed over. */
export async function readCounters({ reads }: Pick<CgroupPlan, 'reads'>): Promise<Record<string, string>> {
  const all = reads.flatMap(({ key, file }) => {
    const current = currentOf[key]
    return current === undefined
      ? [{ key, file }]
      : [
          { key, file },
          { key: current, file: `${dirname(file)}/${current}` },
        ]
  })
  const texts = await Promise.all(all.map(({ file }) => readFile(file, 'utf8').catch(() => undefined)))
  return Object.fromEntries(all.flatMap(({ key }, index) => (texts[index] === undefined ? [] : [[key, texts[index]]])))
}

/** What a job has used, from its counters' files as the kernel prints them, live or from its exit record. */
export function parseUsage(raw: Readonly<Record<string, string>>, live: boolean): Usage {
  const cpu = parsePairs(raw['cpu.stat'])
  return {
    cpuUserUs: cpu.get('user_usec') ?? 0,
    cpuSystemUs: cpu.get('system_usec') ?? 0,
    cpuThrottledUs: cpu.get('throttled_usec') ?? v1ThrottledUs(raw['v1.cpu.stat']),
    memoryBytes: live ? parseNumber(raw['memory.current'] ?? raw['memory.usage_in_bytes']) : 0,
    memoryPeakBytes: parseNumber(raw['memory.peak'] ?? raw['memory.max_usage_in_bytes']),
    ...parseIo(raw),
    pids: live ? parseNumber(raw['pids.current']) : 0,
    pidsPeak: parseNumber(raw['pids.peak']),
  }
}

/** How many processes of a job the kernel killed for memory, in its cgroup and those below. */
export function parseOomKills(raw: Readonly<Record<string, string>>): number {
  return parsePairs(raw['memory.events'] ?? raw['memory.oom_control']).get('oom_kill') ?? 0
}

type IoUsage = Pick<Usage, 'ioReadBytes' | 'ioWriteBytes' | 'ioReadOperations' | 'ioWriteOperations'>

function parseIo(raw: Readonly<Record<string, string>>): IoUsage {
  const v2 = raw['io.stat']
  const bytes = v2 ?? raw['blkio.throttle.io_service_bytes_recursive']
  const operations = v2 ?? raw['blkio.throttle.io_serviced_recursive']
  return {
    ioReadBytes: sumOf(bytes, v2 === undefined ? v1Read : /\brbytes=(\d+)/g),
    ioWriteBytes: sumOf(bytes, v2 === undefined ? v1Write : /\bwbytes=(\d+)/g),
    ioReadOperations: sumOf(operations, v2 === undefined ? v1Read : /\brios=(\d+)/g),
    ioWriteOperations: sumOf(operations, v2 === undefined ? v1Write : /\bwios=(\d+)/g),
  }
}

const v1Read = / Read (\d+)/g
const v1Write = / Write (\d+)/g

function sumOf(text: string | undefined, pattern: RegExp): number | null {
  if (text === undefined) return null
  return [...text.matchAll(pattern)].reduce((sum, match) => sum + Number(match[1]), 0)
}

/** v1 counts in nanoseconds (Documentation/scheduler/sched-bwc.rst). */
function v1ThrottledUs(text: string | undefined): number | null {
  const ns = parsePairs(text).get('throttled_time')
  return ns === undefined ? null : Math.round(ns / 1000)
}

/** A flat keyed file: a name and a number a line. */
function parsePairs(text: string | undefined): Map<string, number> {
  const lines = (text ?? '').split('\n').map((line) => line.split(' '))
  return new Map(lines.map(([key, value]) => [key!, Number(value)]))
}

function parseNumber(text: string | undefined): number | null {
  return text === undefined ? null : Number(text)
}
