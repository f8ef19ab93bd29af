import { readdirSync, readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { formatDevice } from './limits-device.ts'
import { parseIoMax } from './limits-io.ts'

/** Some whole disk of this host. */
const disk = readdirSync('/sys/block').map((name) => readFileSync(`/sys/block/${name}/dev`, 'utf8').trim())[0]

describe('parseIoMax', () => {
  it.skipIf(disk === undefined)('reads lines, suffixes and max', async () => {
    expect(await parseIoMax('ioMax', `${disk} rbps=1M wbps=max\n${disk}  riops=120`)).toEqual([
      { device: disk, rbps: 1_048_576, wbps: 'max' },
      { device: disk, riops: 120 },
    ])
    expect(await parseIoMax('ioMax', [`${disk} wiops=5`])).toEqual([{ device: disk, wiops: 5 }])
  })

  it.each([
    '',
    [],
    5,
    [5],
    '/dev/null rbps=1',
    '/nowhere rbps=1',
    'relative rbps=1',
    '4095:1 rbps=1',
    '/proc rbps=1',
    `${disk}`,
    `${disk} rbps=0`,
    `${disk} rbps=-1`,
    `${disk} rbps=1 rbps=2`,
    `${disk} speed=1`,
    `${disk} riops=1K`,
    `${disk} riops=4294967296`,
  ])('refuses %j', async (value) => {
    await expect(parseIoMax('ioMax', value)).rejects.toThrow(/^ioMax: received .*; accepted: .*MAJ:MIN/)
  })

  it('says why a file system has no disk', async () => {
    await expect(parseIoMax('ioMax', '/proc/self/status rbps=1')).rejects.toThrow(/\(proc, device 0:\d+\)/)
  })
})

describe('formatDevice', () => {
  it('takes wide numbers apart', () => {
    expect(formatDevice(0xfe00)).toBe('254:0')
    expect(formatDevice(0x11032c)).toBe('259:300')
  })
})
