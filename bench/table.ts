import type { Machine } from './machine.ts'
import { type Aim, isMet, type Section, type Unit } from './scenario.ts'

/** What a program would read of a run. */
export function toJson(machine: Machine, sections: readonly Section[]): string {
  const withVerdict = sections.map((section) => ({
    ...section,
    aims: section.aims.map((aim) => ({ ...aim, met: isMet(aim) })),
  }))
  return `${JSON.stringify({ machine, sections: withVerdict }, undefined, 2)}\n`
}

export function machineLine({ cpu, cores, memoryGiB, kernel, node, cgroups, load }: Machine): string {
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB; Linux ${kernel}, cgroups ${cgroups}; Node ${node}; load ${load.toFixed(1)}\n`
}

/** A section as a table, with the aims below it. */
export function toTable({ title, columns, rows, aims }: Section): string {
  const cells = [
    ['', ...columns.map((column) => column.title)],
    ['', ...columns.map(({ unit }) => (unit === 'per second' || unit === 'times' ? '' : unit))],
    ...rows.map(({ name, values }) => [name, ...values.map((value, at) => format(value, columns[at]!.unit))]),
  ]
  const widths = cells[0]!.map((_, at) => Math.max(...cells.map((row) => row[at]!.length)))
  const lines = cells.map((row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[at]!))).join('  '),
  )
  const notes = new Set(rows.flatMap(({ name, note }) => (note === undefined ? [] : [`${name}: ${note}`])))
  return [
    title,
    ...lines.map((line) => `  ${line}`.trimEnd()),
    ...[...notes].map((note) => `  ${note}`),
    ...aims.map(toLine),
    '',
  ].join('\n')
}

function toLine(aim: Aim): string {
  const { what, measured, unit, limit, is } = aim
  return `  ${isMet(aim) ? '✓' : '✗'} ${what}: ${withUnit(measured, unit)}; aim: ${is} ${withUnit(limit, unit)}`
}

function withUnit(value: number, unit: Unit): string {
  return unit === 'times' ? format(value, unit) : `${format(value, unit)} ${unit}`
}

function format(value: number | null, unit: Unit): string {
  if (value === null) return '–'
  return value.toFixed(unit === 'ms' || unit === 'times' ? 2 : 0)
}
