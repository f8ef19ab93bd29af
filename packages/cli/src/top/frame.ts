import { styleText } from 'node:util'

import { ownerOf } from '../jobs/status.ts'
import { formatBytes } from '../text/bytes.ts'
import { formatCommand } from '../text/command-line.ts'
import { describeJobs } from '../text/info.ts'
import { shortName } from '../text/job-name.ts'
import { describeState } from '../text/state.ts'
import { formatTable, shorten } from '../text/table.ts'
import { type Order, sortRows } from './order.ts'
import type { Row, Snapshot } from './row.ts'

/** What the frame is made for. */
export interface FrameOptions {
  /** What is watched: a daemon's address, or `this host`. */
  place: string
  order: Order
  rows: number
  columns: number
}

/** Lines above those of the table's jobs. */
const headerLines = 4

/** The whole screen: what there is in all, then the jobs that fit. */
export function formatFrame(snapshot: Snapshot, { place, order, rows, columns }: FrameOptions): string[] {
  const [header = '', ...lines] = formatTop(snapshot.rows, order)
  const room = Math.max(0, rows - headerLines)
  const shown =
    lines.length <= room ? lines : [...lines.slice(0, Math.max(0, room - 1)), `… and ${lines.length - room + 1} more`]
  const cut = (line: string): string => shorten(line, columns)
  return [
    cut(`corral top: ${place}: ${describeJobs(snapshot.counts)}`),
    cut(describeSum(snapshot.rows)),
    cut(`by ${order}; keys: c CPU, m memory, i I/O, n name, q quit`),
    // Not where stdout is no terminal: there is none to draw on then.
    styleText('inverse', cut(header).padEnd(columns)),
    ...shown.map(cut),
  ].slice(0, rows)
}

function describeSum(rows: readonly Row[]): string {
  const sum = (of: (row: Row) => number | null | undefined): number =>
    rows.reduce((total, row) => total + (of(row) ?? 0), 0)
  const cpu = sum(({ sample }) => sample?.cpuPercent)
  const memory = formatBytes(sum(({ sample }) => sample?.memoryBytes))
  const io = formatBytes(sum(({ sample }) => sample?.ioBytesPerSecond))
  const pids = sum(({ sample }) => sample?.pids)
  return `in all: CPU ${cpu.toFixed(1)} %, memory ${memory}, I/O ${io}/s, ${pids} ${pids === 1 ? 'process' : 'processes'}`
}

/** Room for what changes all the time, so that the columns behind it stay where they are. */
const stateWidth = 18

const columnsOfNumbers = ['CPU %', 'MEMORY', 'LIMIT', 'I/O /S', 'PROCESSES']

/** A table of jobs; its header first. */
export function formatTop(rows: readonly Row[], order: Order): string[] {
  const hasOwners = new Set(rows.map(({ job }) => ownerOf(job))).size > 1
  const header = ['NAME', ...(hasOwners ? ['OWNER'] : []), 'STATE', ...columnsOfNumbers, 'COMMAND']
  const first = hasOwners ? 3 : 2
  const now = new Date()
  const cells = sortRows(rows, order).map(({ job, sample }) =>
    [shortName(job.name)].concat(hasOwners ? [ownerOf(job)] : [], [
      describeState(job, now).padEnd(stateWidth),
      sample?.cpuPercent.toFixed(1) ?? '-',
      bytes(sample?.memoryBytes),
      bytes(sample?.memoryMaxBytes),
      bytes(sample?.ioBytesPerSecond),
      sample?.pids?.toString() ?? '-',
      formatCommand(job.command),
    ]),
  )
  return formatTable(
    header,
    cells,
    columnsOfNumbers.map((_, index) => first + index),
  )
}

function bytes(value: number | null | undefined): string {
  return value === null || value === undefined ? '-' : formatBytes(value)
}
