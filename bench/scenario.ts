/** What a column holds; it says how its numbers are printed. */
export type Unit = 'ms' | 'times' | 'MiB/s' | 'KiB' | 'MiB' | '% of a CPU' | 'per second'

export interface Column {
  title: string
  unit: Unit
}

/** One contestant: a number for each column; null: not measurable, or not measured here. */
export interface Row {
  name: string
  values: readonly (number | null)[]
  /** Why numbers are missing, and what to do about it. */
  note?: string
}

/** What the project set out to reach, beside what was measured. */
export interface Aim {
  what: string
  measured: number
  unit: Unit
  limit: number
  /** Whether the limit is the most or the least that is wanted. */
  is: 'at most' | 'at least' | 'below'
}

export interface Section {
  title: string
  columns: readonly Column[]
  rows: readonly Row[]
  aims: readonly Aim[]
}

/** Where jobs may be kept: the exit record is fsynced, so it matters. */
export interface Root {
  /** How rows call it, such as `ext4` or `tmpfs`. */
  name: string
  folder: string
}

/** What a scenario is given. */
export interface Context {
  /** Rounds of a start; other things are repeated in proportion. */
  runs: number
  /** A folder for whatever it takes, on the disk; somebody else removes it. */
  folder: string
  /** The first one is the one that was asked for. */
  roots: readonly [Root, ...Root[]]
  /** What is to be released at the end, also when that comes early. */
  cleanup: AsyncDisposableStack
}

export type Scenario = (context: Context) => Promise<Section[]>

export function isMet({ measured, limit, is }: Aim): boolean {
  if (is === 'at least') return measured >= limit
  return is === 'below' ? measured < limit : measured <= limit
}
