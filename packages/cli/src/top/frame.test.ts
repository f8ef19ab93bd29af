import { stripVTControlCharacters } from 'node:util'

import { expect, test } from 'vitest'

import { managedJob } from '../managed-job.fixture.ts'
import type { Sample } from '../stats/sampler.ts'
import { formatFrame, formatTop } from './frame.ts'
import { sortRows } from './order.ts'
import type { Row } from './row.ts'

function row(name: string, sample: Partial<Sample> | undefined, owner = 'alice'): Row {
  const none = { memoryPeakBytes: null, memoryMaxBytes: null, ioReadBytes: null, ioWriteBytes: null }
  return {
    job: managedJob({ name, owner, state: sample ? 'active' : 'queued', startedAt: null, queuePosition: 0 }),
    sample: sample && {
      ...{ name, at: new Date(), cpuPercent: 0, throttledPercent: null, memoryBytes: 0, ioBytesPerSecond: null },
      ...{ ...none, pids: 1 },
      ...sample,
    },
  }
}

const rows = [
  row('idle', { cpuPercent: 0, memoryBytes: 4096 }),
  row('waits', undefined),
  row('busy', { cpuPercent: 99.5, memoryBytes: 1024, ioBytesPerSecond: 2048 }),
]

test.each([
  ['cpu', ['busy', 'idle', 'waits']],
  ['memory', ['idle', 'busy', 'waits']],
  ['io', ['busy', 'idle', 'waits']],
  ['name', ['busy', 'idle', 'waits']],
] as const)('by %s', (order, names) => {
  expect(sortRows(rows, order).map(({ job }) => job.name)).toEqual(names)
})

test('the table names owners when there are several', () => {
  expect(formatTop(rows, 'cpu')[0]).toMatch(/^NAME +STATE +CPU % +MEMORY +LIMIT +I\/O \/S +PROCESSES +COMMAND$/)
  const [header, first] = formatTop([...rows, row('zoe', { cpuPercent: 100 }, 'zoe')], 'cpu')
  expect(header).toMatch(/^NAME +OWNER +STATE /)
  expect(first!.split(/ {2,}/)).toEqual(['zoe', 'zoe', 'active for 0ms', '100.0', '0B', '-', '-', '1', 'true'])
})

test('a frame fits the screen, and says how many jobs do not', () => {
  const many = Array.from({ length: 30 }, (_, index) => row(`job-${index + 10}`, { cpuPercent: 30 - index }))
  const frame = formatFrame(
    { rows: many, counts: { active: 30 } },
    { place: 'box', order: 'cpu', rows: 10, columns: 40 },
  )
  const lines = frame.map((line) => stripVTControlCharacters(line))
  expect(lines).toHaveLength(10)
  expect(Math.max(...lines.map(({ length }) => length))).toBe(40)
  expect(lines[0]).toBe('corral top: box: 30 active')
  expect(lines[4]).toMatch(/^job-10 /)
  expect(lines[9]).toBe('… and 25 more')
})
