import type { ManagedSummary } from '@corral/api'

import type { JobUsageOptions } from './job-usage.ts'

/** What grows while a job runs. */
export interface Amounts {
  cpuSeconds: number
  throttledSeconds: number
  readBytes: number
  writeBytes: number
  outputBytes: number
  oomKills: number
}

/** What a job's latest attempt has used. */
export function amountsOf({ usage, attempts, oomKills }: ManagedSummary): Amounts {
  return {
    cpuSeconds: ((usage?.cpuUserUs ?? 0) + (usage?.cpuSystemUs ?? 0)) / 1e6,
    throttledSeconds: (usage?.cpuThrottledUs ?? 0) / 1e6,
    readBytes: usage?.ioReadBytes ?? 0,
    writeBytes: usage?.ioWriteBytes ?? 0,
    outputBytes: attempts.at(-1)?.outputBytes ?? 0,
    oomKills,
  }
}

/** Jobs that are told as one, under these labels. */
export interface Group {
  labels: Readonly<Record<string, string>>
  members: ManagedSummary[]
}

const defaultMaxSeries = 200

/** Longest value of a label; what is longer is cut off. */
const maxValue = 128

/** Tells jobs apart by their owner and labels, up to a number of groups: beyond it one is for all others. */
export class Groups {
  /** Names of the labels, in the words of Prometheus. */
  readonly labelNames: readonly string[]
  readonly #options: Required<JobUsageOptions>
  readonly #dropped: (group: Group) => void
  /** The one that was used last is the last. */
  readonly #groups = new Map<string, Group>()
  readonly #others: Group

  /** `dropped` is told of a group that makes room for another: none of its jobs runs. */
  constructor(options: JobUsageOptions, dropped: (group: Group) => void) {
    const { jobLabels = [], perJob = false, maxSeries = defaultMaxSeries } = options
    this.#options = { jobLabels, perJob, maxSeries }
    this.#dropped = dropped
    this.labelNames = ['owner', ...(perJob ? ['name'] : []), ...jobLabels.map(prometheusName)]
    this.#others = { labels: this.#labels((name) => (name === 'owner' ? '(other)' : '')), members: [] }
  }

  /** The groups of jobs that run. */
  of(statuses: readonly ManagedSummary[]): Group[] {
    for (const group of [...this.#groups.values(), this.#others]) group.members = []
    // Those that are known first, so that none of them makes room for another.
    const isKnown = (status: ManagedSummary) => this.#groups.has(JSON.stringify(this.#labelsOf(status)))
    const { known = [], unknown = [] } = Object.groupBy(statuses, (each) => (isKnown(each) ? 'known' : 'unknown'))
    for (const status of [...known, ...unknown]) this.groupOf(status).members.push(status)
    return [...this.#groups.values(), this.#others].filter(({ members }) => members.length > 0)
  }

  groupOf(status: ManagedSummary): Group {
    const own = this.#labelsOf(status)
    const key = JSON.stringify(own)
    const group = this.#groups.get(key) ?? this.#add(own)
    if (group === this.#others) return group
    this.#groups.delete(key)
    this.#groups.set(key, group)
    return group
  }

  #labelsOf({ name, owner, labels }: ManagedSummary): Group['labels'] {
    const values: Record<string, string> = { owner, name }
    for (const label of this.#options.jobLabels) values[prometheusName(label)] = labels[label] ?? ''
    return this.#labels((label) => values[label]!.slice(0, maxValue))
  }

  #add(labels: Group['labels']): Group {
    if (this.#groups.size >= this.#options.maxSeries && !this.#makeRoom()) return this.#others
    return { labels, members: [] }
  }

  /** The group that was not used for longest, and has no job that runs, goes. */
  #makeRoom(): boolean {
    for (const [key, group] of this.#groups) {
      if (group.members.length > 0) continue
      this.#groups.delete(key)
      this.#dropped(group)
      return true
    }
    return false
  }

  #labels(valueOf: (label: string) => string): Record<string, string> {
    return Object.fromEntries(this.labelNames.map((label) => [label, valueOf(label)]))
  }
}

/** The data model has letters, digits and underscores in the names of labels. */
function prometheusName(label: string): string {
  return `label_${label.replaceAll(/[^A-Za-z0-9_]/g, '_')}`
}
