import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

import type { CgroupRunner, JobStatus, OutputOptions } from '@corral/runner'
import { describe, expect } from 'vitest'

import { inMachine, killHard, launcherOf, parentOf, statField } from '../faults/host.ts'
import { Program } from '../faults/program.ts'
import { readText, startReady, untilOutput } from '../support/jobs.ts'
import { sh } from '../support/programs.ts'
import { eventually, test } from '../support/test.ts'
import { flood } from './flood-command.ts'
import { diskBytes, droppedOf, type FloodRead, KiB, MiB, outputOf, readFlood, untilBounded } from './flood.ts'

const total = (inMachine ? 20 : 200) * MiB

/** What a job may have on the disk at any time beside its bound, where its writes take turns with others' work. */
const overshoot = 100 * MiB

async function readJob(
  runner: CgroupRunner,
  name: string,
  options?: OutputOptions,
  onChunk?: (bytes: number) => unknown,
): Promise<FloodRead> {
  return readFlood((each) => runner.output(name, each), options, onChunk)
}

/** Of so many bytes the first half and the last half of a bound. */
function expectHeadAndTail(read: FloodRead, maxBytes: number, written = total): void {
  const gap = { offset: maxBytes / 2, bytes: written - maxBytes }
  expect(read).toEqual({ start: 0, end: written, bytes: maxBytes, gaps: [gap] })
}

function expectCounted(status: JobStatus, maxBytes: number, written = total): void {
  expect(status).toMatchObject({ outputBytes: written, outputDroppedBytes: written - maxBytes })
}

describe('a flood', () => {
  test('is bounded while it runs, and in the end head and tail are there to the byte', async ({ runner }) => {
    const name = await runner.start({ command: flood(total, { pauseUs: 100 }), outputMax: '1M' })
    const path = outputOf(runner.storageRoot, name)
    let most = 0
    const over = new AbortController()
    const ended = runner.wait(name).finally(() => over.abort())
    while (!over.signal.aborted) most = Math.max(most, await diskBytes(path))
    expectCounted(await ended, MiB)
    expect(most).toBeGreaterThan(MiB)
    expect(most).toBeLessThan(MiB + overshoot)
    expect(await diskBytes(path)).toBeLessThanOrEqual(MiB + 16 * KiB)
    expectHeadAndTail(await readJob(runner, name), MiB)
    expectCounted(await runner.status(name), MiB)
    expectCounted(await runner.stop(name), MiB)
  })

  test('as fast as can be is given in order to who follows, each byte once or counted as dropped', async ({
    runner,
  }) => {
    const name = await runner.start({ command: flood(total), outputMax: '64K' })
    const read = await readJob(runner, name)
    expect(read).toMatchObject({ start: 0, end: total })
    expect(read.bytes + droppedOf(read)).toBe(total)
    expectHeadAndTail(await readJob(runner, name), 64 * KiB)
  })

  test('is given to readers from anywhere, and nobody gets a byte that is not at its offset', async ({ runner }) => {
    const name = await runner.start({ command: flood(total), outputMax: '64K' })
    const starts: OutputOptions[] = [{}, { tail: 100 }, { from: 7 }, { from: total / 4 + 1 }, { from: total - 100_001 }]
    const reads = starts.map(async (options) => readJob(runner, name, options))
    for (const read of await Promise.all(reads)) {
      expect(read.end).toBe(total)
      expect(read.start + read.bytes + droppedOf(read)).toBe(total)
    }
  })

  test('stays bounded when it is over and the job is not', async ({ runner }) => {
    const name = await runner.start({ command: flood(total, { stays: true }), outputMax: '1M' })
    const path = outputOf(runner.storageRoot, name)
    await eventually(async () => expect((await runner.status(name)).outputBytes).toBe(total))
    await untilBounded(path, MiB)
    const { outputDroppedBytes } = await runner.status(name)
    expect(outputDroppedBytes).toBeGreaterThanOrEqual(total - MiB - MiB / 16)
    expect(outputDroppedBytes).toBeLessThanOrEqual(total - MiB)
    const read = await readJob(runner, name, { follow: false })
    expect(read).toMatchObject({ end: total, gaps: [{ offset: MiB / 2, bytes: outputDroppedBytes }] })
  })

  test('overtakes a reader that stops reading, who is told', async ({ runner }) => {
    const name = await runner.start({ command: flood(total), outputMax: '1M' })
    const read = await readJob(runner, name, {}, async (bytes) => bytes <= 64 * KiB && runner.wait(name))
    expectHeadAndTail(read, MiB)
  })

  test('says in the stream what is not there, for who does not ask', async ({ runner }) => {
    const name = await runner.start({ command: flood(total), outputMax: '64K' })
    await runner.wait(name)
    const line = `\n[corral: ${total - 64 * KiB} bytes of output were dropped: outputMax]\n`
    const text = await readText(runner, name)
    expect(text.length).toBeLessThanOrEqual(64 * KiB + line.length)
    expect(text).toContain(line)
  })
})

describe('a bounded output', () => {
  test.for([
    ['64K', 64 * KiB],
    [100_001, 100_001],
    ['1M', MiB],
  ] as const)('of %s is whole as long as it is no more', async ([outputMax, bytes], { runner }) => {
    const name = await runner.start({ command: flood(bytes), outputMax })
    expect(await readJob(runner, name)).toEqual({ start: 0, end: bytes, bytes, gaps: [] })
    expectCounted(await runner.wait(name), bytes, bytes)
    const longer = await runner.start({ command: flood(bytes + 1), outputMax })
    await runner.wait(longer)
    expect(droppedOf(await readJob(runner, longer))).toBe(1)
  })

  test('is read from any offset', async ({ runner }) => {
    const name = await runner.start({ command: flood(10 * MiB), outputMax: '1M' })
    await runner.wait(name)
    const [head, tail] = [MiB / 2, 10 * MiB - MiB / 2]
    const dropped = (from: number): OutputOptions[] => [{ from }, { from, follow: false }]
    for (const options of dropped(5 * MiB + 3)) {
      const gaps = [{ offset: 5 * MiB + 3, bytes: tail - 5 * MiB - 3 }]
      expect(await readJob(runner, name, options)).toEqual({ start: 5 * MiB + 3, end: 10 * MiB, bytes: MiB / 2, gaps })
    }
    expect((await readJob(runner, name, { from: head - 1 })).bytes).toBe(MiB / 2 + 1)
    expect((await readJob(runner, name, { from: head })).gaps).toHaveLength(1)
    expect((await readJob(runner, name, { from: tail })).gaps).toEqual([])
    expect((await readJob(runner, name, { from: tail - 1 })).gaps).toEqual([{ offset: tail - 1, bytes: 1 }])
  })

  test('is read by its last lines, across what is not there', async ({ runner }) => {
    const name = await runner.start({ command: ['seq', '1', '2000000'], outputMax: '64K' })
    await runner.wait(name)
    expect(await readText(runner, name, { tail: 2 })).toBe('1999999\n2000000\n')
    const all = await readText(runner, name)
    const lines = all.split('\n').length
    const text = await readText(runner, name, { tail: 4200 })
    expect(text).toContain('[corral: ')
    expect(all.endsWith(text)).toBe(true)
    // The notice is two, and cuts a line into two.
    expect(text.split('\n')).toHaveLength(4200 + 1 + 2)
    expect(await readText(runner, name, { tail: lines })).toBe(all)
  })

  test('fills a buffer that a reader brings, however small, with what it says of itself too', async ({ runner }) => {
    const name = await runner.start({ command: flood(10 * MiB), outputMax: '64K' })
    await runner.wait(name)
    const reader = runner.output(name).getReader({ mode: 'byob' })
    const parts: Buffer[] = []
    for (let buffer = new ArrayBuffer(1000); ;) {
      const { value, done } = await reader.read(new Uint8Array(buffer))
      if (done) break
      parts.push(Buffer.from(value))
      buffer = value.buffer
    }
    const all = Buffer.concat(await Array.fromAsync(runner.output(name)))
    expect(Buffer.concat(parts).equals(all)).toBe(true)
  })

  test('is left alone by its init when nothing is written', async ({ runner }) => {
    const name = await runner.start({ command: flood(10 * MiB, { stays: true }), outputMax: '1M' })
    await eventually(async () => expect((await runner.status(name)).outputBytes).toBe(10 * MiB))
    const { pid } = await runner.status(name)
    const wakes = async (): Promise<string> => {
      const status = await readFile(`/proc/${parentOf(pid!)}/status`, 'utf8')
      return /^voluntary_ctxt_switches:\s*(\d+)$/m.exec(status)![1]!
    }
    await eventually(async () => {
      const before = await wakes()
      // Longer than the longest pause between two looks.
      await new Promise((resolve) => setTimeout(resolve, 1500))
      expect(await wakes()).toBe(before)
    }, 20_000)
  })

  test('is that of further commands, each on its own', async ({ runner }) => {
    const name = await runner.start({ command: ['sleep', '1000'], outputMax: '1M' })
    const executions = await Promise.all([1, 2].map(() => runner.exec(name, { command: flood(total) })))
    const reads = executions.map(async (execution) => readFlood((options) => execution.output(options)))
    for (const read of await Promise.all(reads)) expect(read.bytes + droppedOf(read)).toBe(total)
    for (const execution of executions) {
      expect(await execution.wait()).toMatchObject({ exitStatus: 0 })
      expectHeadAndTail(await readFlood((options) => execution.output(options)), MiB)
      expect(await diskBytes(join(runner.storageRoot, 'jobs', name, 'exec', execution.id, 'output'))).toBeLessThan(
        2 * MiB,
      )
    }
    await executions[0]!.remove()
    expect(await readdir(join(runner.storageRoot, 'jobs', name, 'exec'))).toEqual([executions[1]!.id])
    expect((await runner.status(name)).outputBytes).toBe(0)
  })

  test('is bounded while a further command writes it, and the command stays', async ({ runner }) => {
    const name = await runner.start({ command: ['sleep', '1000'], outputMax: '1M' })
    const execution = await runner.exec(name, { command: flood(total, { stays: true }) })
    const path = join(runner.storageRoot, 'jobs', name, 'exec', execution.id, 'output')
    await untilBounded(path, MiB)
    await execution.remove()
  })

  test('is bounded when processes write it that a further command has left behind', async ({ runner }) => {
    const name = await runner.start({ command: ['sleep', '1000'], outputMax: '1M' })
    const command = sh('(sleep 0.3; "$1" "$2"; exec sleep 1000) & exit 0', flood(0)[0]!, String(total))
    const execution = await runner.exec(name, { command })
    const path = join(runner.storageRoot, 'jobs', name, 'exec', execution.id, 'output')
    expect(await execution.wait()).toMatchObject({ exitStatus: 0 })
    await eventually(async () => expect((await stat(path)).size).toBe(total))
    await untilBounded(path, MiB)
    expect((await readFlood((options) => execution.output(options))).end).toBe(total)
    await runner.kill(name, 'SIGKILL')
    await runner.wait(name)
    expect(await diskBytes(path)).toBeLessThanOrEqual(MiB + 16 * KiB)
  })

  test('is let go of when nobody is left to write it', async ({ runner }) => {
    const name = await runner.start({ command: ['sleep', '1000'], outputMax: '64K' })
    const init = parentOf((await runner.status(name)).pid!)
    const before = (await readdir(`/proc/${init}/fd`)).length
    const executions = [1, 2, 3].map(() => runner.exec(name, { command: sh('sleep 1 & exit 0') }))
    for (const execution of await Promise.all(executions)) await execution.wait()
    expect((await readdir(`/proc/${init}/fd`)).length).toBeGreaterThan(before)
    await eventually(async () => expect(await readdir(`/proc/${init}/fd`)).toHaveLength(before))
  })

  test('shown by a terminal is bounded too', async ({ runner }) => {
    const name = await runner.start({ command: ['seq', '1', '1000000'], outputMax: '64K', tty: true })
    expect(await runner.wait(name)).toMatchObject({ outputBytes: 7_888_896, outputDroppedBytes: 7_888_896 - 64 * KiB })
    expect(await readText(runner, name, { tail: 1 })).toBe('1000000\r\n')
  })
})

describe('a job that plays tricks on its output', () => {
  test.for([
    ['writes at a huge offset', 'dd if=/dev/zero of=/proc/self/fd/1 bs=1 count=1 seek=1T conv=notrunc 2>/dev/null', 1],
    ['makes it huge', 'truncate -s 1T /proc/self/fd/1', 0],
  ] as const)('%s has most of it dropped, and readers get through', async ([, trick, more], { runner }) => {
    const command = sh(`echo first; ${trick}; echo ready; exec sleep 1000`)
    const name = await runner.start({ command, outputMax: '64K' })
    await untilEnd(runner, name, 'ready\n')
    const size = 2 ** 40 + more + 'ready\n'.length
    await eventually(async () => expect((await runner.status(name)).outputDroppedBytes).toBeGreaterThan(size - MiB))
    await runner.kill(name, 'SIGKILL')
    expect(await runner.wait(name)).toMatchObject({ outputBytes: size, outputDroppedBytes: size - 64 * KiB })
    const text = await readText(runner, name)
    expect(text.startsWith('first\n')).toBe(true)
    expect(text.endsWith('ready\n')).toBe(true)
    expect(text.length).toBeLessThan(65 * KiB)
  })

  test('writes into what was dropped does not get it back', async ({ runner }) => {
    const refill = 'dd if=/dev/zero of=/proc/self/fd/1 bs=1M count=50 seek=10 conv=notrunc 2>/dev/null; echo ready'
    const name = await runner.start({ command: onSignal(refill, 100 * MiB), outputMax: '64K' })
    const path = outputOf(runner.storageRoot, name)
    await eventually(async () => expect((await runner.status(name)).outputBytes).toBe(100 * MiB))
    await untilBounded(path, 64 * KiB)
    await runner.kill(name, 'SIGUSR1')
    await untilEnd(runner, name, 'ready\n')
    await untilBounded(path, 64 * KiB)
    await runner.kill(name, 'SIGKILL')
    expect(await runner.wait(name)).toMatchObject({ outputBytes: 100 * MiB + 6 })
    expect(await diskBytes(path)).toBeLessThan(128 * KiB)
  })

  test('cuts it off, and what it writes then is there', async ({ runner }) => {
    const cut = ': >/proc/self/fd/1; seq 1 10000; echo ready'
    const name = await runner.start({ command: onSignal(cut, 10 * MiB), outputMax: '64K' })
    await eventually(async () => expect((await runner.status(name)).outputDroppedBytes).toBeGreaterThan(9 * MiB))
    await runner.kill(name, 'SIGUSR1')
    await untilEnd(runner, name, 'ready\n')
    const expected = `${Array.from({ length: 10_000 }, (_, index) => `${index + 1}\n`).join('')}ready\n`
    expect(await readText(runner, name, { follow: false })).toBe(expected)
    await runner.kill(name, 'SIGKILL')
    expect(await runner.wait(name)).toMatchObject({ outputBytes: expected.length, outputDroppedBytes: 0 })
  })

  test('reserves more of the disk behind its end has none of it in the end', async ({ runner }) => {
    const reserve = 'echo first; fallocate --keep-size --length 256M /proc/self/fd/1; echo last'
    const name = await runner.start({ command: sh(reserve), outputMax: '64K' })
    expect(await runner.wait(name)).toMatchObject({ exitStatus: 0, outputBytes: 11, outputDroppedBytes: 0 })
    expect(await readText(runner, name)).toBe('first\nlast\n')
    expect(await diskBytes(outputOf(runner.storageRoot, name))).toBeLessThanOrEqual(16 * KiB)
  })

  test('sends init the signal by which the kernel tells of a change gains nothing', async ({ runner }) => {
    const script = `i=0; while [ $i -lt 1000 ]; do kill -IO 1; i=$((i + 1)); done; "$1" ${total}; echo ready; exec sleep 1000`
    const name = await runner.start({ command: sh(script, flood(0)[0]!), outputMax: '64K' })
    await untilEnd(runner, name, 'ready\n')
    await untilBounded(outputOf(runner.storageRoot, name), 64 * KiB)
  })

  /** Writes a flood, and at a signal does what it is told. */
  function onSignal(script: string, bytes: number): string[] {
    return sh(`trap '${script}' USR1; "$1" ${bytes}; while :; do sleep 0.01; done`, flood(0)[0]!)
  }

  /** Waits for the end of the output, wherever that is. */
  async function untilEnd(runner: CgroupRunner, name: string, end: string): Promise<void> {
    await eventually(async () => {
      await using file = await open(outputOf(runner.storageRoot, name))
      const { size } = await file.stat()
      const { buffer, bytesRead } = await file.read(Buffer.alloc(6), 0, 6, Math.max(0, size - end.length))
      expect(buffer.subarray(0, bytesRead).toString()).toBe(end)
    })
  }
})

describe('who bounds it', () => {
  test('is not the launcher', async ({ runner }) => {
    const name = await runner.start({ command: flood(total, { pauseUs: 200, stays: true }), outputMax: '1M' })
    killHard(await launcherOf(runner.storageRoot))
    const path = outputOf(runner.storageRoot, name)
    await eventually(async () => expect((await runner.status(name)).outputBytes).toBe(total))
    await untilBounded(path, MiB)
    await runner.kill(name, 'SIGTERM')
    expectCounted(await runner.wait(name), MiB)
    expectHeadAndTail(await readJob(runner, name), MiB)
  })

  test('is not the runner', async ({ openRunner, folder }) => {
    const root = join(folder, 'root')
    await using starter = Program.run('flooder.ts', ['--root', root, '--bytes', String(total)])
    const name = await starter.until('started')
    await starter.kill()
    const runner = await openRunner({ storageRoot: root })
    const read = await readJob(runner, name)
    expect(read.bytes + droppedOf(read)).toBe(total)
    expectCounted(await runner.wait(name), MiB)
    expectHeadAndTail(await readJob(runner, name), MiB)
  })

  test('is init: without it what was dropped is known, and no more is', async ({ runner }) => {
    const name = await runner.start({ command: flood(10 * MiB, { stays: true }), outputMax: '1M' })
    await eventually(async () => expect((await runner.status(name)).outputBytes).toBe(10 * MiB))
    await untilBounded(outputOf(runner.storageRoot, name), MiB)
    const { pid, outputDroppedBytes } = await runner.status(name)
    killHard(parentOf(pid!))
    expect(await runner.wait(name)).toMatchObject({ state: 'lost', outputBytes: 10 * MiB, outputDroppedBytes })
    expect(statField(pid!, 3)).toBeUndefined()
    const read = await readJob(runner, name)
    expect([read.end, droppedOf(read)]).toEqual([10 * MiB, outputDroppedBytes])
  })
})

describe('outputMax', () => {
  test.for([0, 65_535, '63K', '1.5M', -1, 'much', true, null])('%j is refused', async (outputMax, { runner }) => {
    await expect(runner.start({ command: ['true'], outputMax: outputMax as never })).rejects.toMatchObject({
      name: 'InvalidOptionError',
      option: 'outputMax',
    })
  })

  test.for([undefined, 'max'])('%j is no bound', async (outputMax, { runner }) => {
    const name = await startReady(runner, {
      command: sh('echo ready; exec sleep 1000'),
      ...(outputMax && { outputMax }),
    })
    await untilOutput(runner, name, 'ready\n')
    expect((await readdir(join(runner.storageRoot, 'jobs', name))).toSorted()).toEqual(
      ['exit.new', 'init', 'output', 'spec.json'].toSorted(),
    )
    expect(await runner.status(name)).toMatchObject({ outputBytes: 6, outputDroppedBytes: 0 })
  })
})
