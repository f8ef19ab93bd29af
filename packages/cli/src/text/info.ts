import type { ManagedInfo, QuotaBounds } from '@corral/api'

import type { HereInfo } from '../where/here.ts'
import type { There } from '../where/place.ts'
import { formatBytes } from './bytes.ts'
import { formatDuration } from './duration.ts'

type Line = readonly [word: string, text: string | undefined]

/** What a daemon says of itself, in lines of a word and what it is. */
export function describeDaemon({ host, via }: Pick<There, 'host' | 'via'>, info: ManagedInfo): string {
  const { version, uptimeMs, draining, identity, role, storageRoot, maxActive, jobs } = info
  return formatLines([
    ['daemon', `${host} (${via})`],
    ['version', version],
    ['up', `${formatDuration(uptimeMs)}${draining ? ', and draining: it takes no new jobs' : ''}`],
    ['you', `${identity}, ${role}`],
    ['host', describeMachine(info)],
    ['cgroups', info.cgroupLayout],
    ['storage', storageRoot],
    ['jobs', describeJobs(jobs)],
    ['at once', maxActive === null ? undefined : `at most ${maxActive} jobs`],
    ...describeQuota(info.quota),
  ])
}

/** What runs jobs here. */
export function describeHere(info: HereInfo): string {
  return formatLines([
    ['daemon', 'none: jobs run here'],
    ['version', info.version],
    ['host', describeMachine(info)],
    ['cgroups', info.cgroupLayout],
    ['storage', info.storageRoot],
    ['launcher', info.launcher],
    ['jobs', describeJobs(info.jobs)],
  ])
}

function formatLines(lines: readonly Line[]): string {
  return lines
    .filter(([, text]) => text !== undefined)
    .map(([word, text]) => `${word.padEnd(9)}  ${text}\n`)
    .join('')
}

function describeMachine(machine: {
  hostname: string
  kernel: string
  architecture: string
  cpus: number
  memoryBytes: number
}): string {
  const { hostname, kernel, architecture, cpus, memoryBytes } = machine
  return `${hostname}, Linux ${kernel}, ${architecture}, ${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'}, ${formatBytes(memoryBytes)}`
}

/** How many jobs are in which state: `3 active, 1 queued`. */
export function describeJobs(jobs: Readonly<Partial<Record<string, number>>>): string {
  const parts = Object.entries(jobs).filter(([, count]) => count)
  return parts.length === 0 ? 'none' : parts.map(([state, count]) => `${count} ${state}`).join(', ')
}

/** A line for each bound: what of it is in use. */
function describeQuota({ bounds, usage }: ManagedInfo['quota']): Line[] {
  const line = (
    key: keyof QuotaBounds,
    used: number,
    unit: string,
    format: (value: number) => string = String,
  ): Line => {
    const bound = bounds[key]
    return ['quota', bound === undefined ? undefined : `${format(used)} of ${format(bound)} ${unit}`]
  }
  return [
    line('maxJobs', usage.jobs, 'jobs'),
    line('maxMemoryBytes', usage.memoryBytes, 'memory', formatBytes),
    line('maxCpus', usage.cpus, 'CPUs'),
    line('maxOutputBytes', usage.outputBytes, 'output', formatBytes),
    line('maxStartsPerMinute', usage.startsInLastMinute, 'starts in a minute'),
  ]
}
