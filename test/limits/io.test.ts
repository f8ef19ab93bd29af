import { readFile, stat } from 'node:fs/promises'

import { describe, expect } from 'vitest'

import { layout, readCgroup } from '../support/cgroups.ts'
import { runJob, startReady } from '../support/jobs.ts'
import { program, sh } from '../support/programs.ts'
import { skipTest } from '../support/skip.ts'
import { test as base } from '../support/test.ts'

const MiB = 2 ** 20
/** A test whose folder is on a disk. */
const test = base.extend<{ folder: string }>({
  folder: async ({ folder, skip }, use) => {
    if ((await diskOf(folder)).startsWith('0:')) {
      const why = `${folder} is on no disk of its own`
      skipTest(skip, { what: 'limits of I/O', why, unskip: 'set TMPDIR to a folder on a disk' })
    }
    await use(folder)
  },
})

const forever = sh('echo ready; exec sleep 1000')

describe('ioMax', () => {
  test('holds a direct write to its rate, by the accounting of the kernel', async ({ runner, folder }) => {
    const rate = 2 * MiB
    const { status } = await runJob(runner, {
      command: [program('write-direct'), `${folder}/file`, '6144'],
      ioMax: `${folder} wbps=${rate}`,
    })
    expect(status).toMatchObject({ state: 'exited', exitStatus: 0 })
    const seconds = (status.finishedAt!.getTime() - status.startedAt.getTime()) / 1000
    const written = status.usage!.ioWriteBytes!
    expect(written).toBeGreaterThanOrEqual(6 * MiB)
    expect(written).toBeLessThan(7 * MiB)
    // The first slice, of a tenth of a second, may go at once.
    expect(written / seconds).toBeLessThan(rate * 1.25)
    expect(written / seconds).toBeGreaterThan(rate * 0.2)
  })

  test('holds a direct write to its operations', async ({ runner, folder }) => {
    const { status } = await runJob(runner, {
      command: [program('write-direct'), `${folder}/file`, '3840'],
      ioMax: `${folder} wiops=20`,
    })
    expect(status).toMatchObject({ state: 'exited', exitStatus: 0 })
    const seconds = (status.finishedAt!.getTime() - status.startedAt.getTime()) / 1000
    expect(status.usage!.ioWriteOperations).toBeGreaterThanOrEqual(60)
    expect(status.usage!.ioWriteOperations! / seconds).toBeLessThan(20 * 1.3)
  })

  test('holds a direct read to its rate', async ({ runner, folder }) => {
    await runJob(runner, { command: [program('write-direct'), `${folder}/file`, '6144'] })
    const { status } = await runJob(runner, {
      command: ['dd', `if=${folder}/file`, 'of=/dev/null', 'bs=64k', 'iflag=direct'],
      ioMax: `${folder} rbps=2M`,
    })
    expect(status).toMatchObject({ state: 'exited', exitStatus: 0 })
    const seconds = (status.finishedAt!.getTime() - status.startedAt.getTime()) / 1000
    expect(status.usage!.ioReadBytes).toBeGreaterThanOrEqual(6 * MiB)
    expect((6 * MiB) / seconds).toBeLessThan(2 * MiB * 1.25)
  })

  test('takes a path, a device node or numbers for the same disk', async ({ runner, folder }) => {
    const disk = await diskOf(folder)
    for (const device of [folder, await nodeOf(disk), disk]) {
      const name = await startReady(runner, { command: forever, ioMax: `${device} rbps=4M wbps=2M riops=max` })
      expect(await readIoMax(runner.storageRoot, name)).toEqual({ disk, rbps: 4 * MiB, wbps: 2 * MiB })
    }
  })

  test('refuses a device that there is none of, and nothing is made', async ({ runner }) => {
    await expect(runner.start({ command: ['true'], ioMax: '4095:1 wbps=1M' })).rejects.toMatchObject({
      name: 'InvalidOptionError',
      option: 'ioMax',
    })
    expect(await runner.list()).toEqual([])
  })
})

describe('ioWeight', () => {
  test('is written to the file of this host, or refused with the reason', async ({ runner }) => {
    const start = runner.start({ command: ['sleep', '1000'], ioWeight: 200 })
    const outcome = await start.then(
      (name) => ({ name }),
      (error: unknown) => error,
    )
    if (outcome instanceof Error) {
      expect(outcome).toMatchObject({
        code: 'LIMIT_REFUSED',
        message: expect.stringMatching(/^ioWeight cannot be set here: /),
      })
      return
    }
    const { name } = outcome as { name: string }
    const files = ['io.weight', 'io.bfq.weight', 'blkio.bfq.weight', 'blkio.weight']
    const texts = await Promise.all(
      files.map(async (file) => readCgroup(runner.storageRoot, name, file).catch(() => '')),
    )
    expect(texts.join('\n')).toMatch(/\b200\b/)
  })
})

/** `MAJ:MIN` of the disk of a folder. */
async function diskOf(folder: string): Promise<string> {
  const { dev } = await stat(folder)
  return `${(dev >> 8) & 0xfff}:${dev & 0xff}`
}

async function nodeOf(disk: string): Promise<string> {
  const uevent = await readFile(`/sys/dev/block/${disk}/uevent`, 'utf8')
  return `/dev/${/^DEVNAME=(.*)$/m.exec(uevent)?.[1]}`
}

interface Rates {
  disk: string
  rbps: number
  wbps: number
}

async function readIoMax(storageRoot: string, name: string): Promise<Rates> {
  if (layout === 'unified') {
    const line = await readCgroup(storageRoot, name, 'io.max')
    const match = /^(\S+) rbps=(\d+) wbps=(\d+) riops=max wiops=max$/.exec(line)
    return { disk: match![1]!, rbps: Number(match![2]), wbps: Number(match![3]) }
  }
  const [disk, rbps] = (await readCgroup(storageRoot, name, 'blkio.throttle.read_bps_device')).split(' ')
  const [, wbps] = (await readCgroup(storageRoot, name, 'blkio.throttle.write_bps_device')).split(' ')
  return { disk: disk!, rbps: Number(rbps), wbps: Number(wbps) }
}
