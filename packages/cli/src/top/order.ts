import type { Row } from './row.ts'

/** What jobs are sorted by; the most first, names from A. */
export const orders = ['cpu', 'memory', 'io', 'name'] as const

export type Order = (typeof orders)[number]

const amounts: Record<Exclude<Order, 'name'>, (row: Row) => number | null | undefined> = {
  cpu: ({ sample }) => sample?.cpuPercent,
  memory: ({ sample }) => sample?.memoryBytes,
  io: ({ sample }) => sample?.ioBytesPerSecond,
}

/** The rows in order; those that do not run come last. Equal ones are by name, so that they do not jump about. */
export function sortRows(rows: readonly Row[], order: Order): Row[] {
  const byName = (one: Row, other: Row): number => (one.job.name < other.job.name ? -1 : 1)
  if (order === 'name') return rows.toSorted(byName)
  const amount = (row: Row): number => amounts[order](row) ?? -1
  return rows.toSorted((one, other) => amount(other) - amount(one) || byName(one, other))
}
