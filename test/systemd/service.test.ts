import { readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { eventually } from '../support/eventually.ts'
import { Service } from './service.ts'

let service: Service

beforeAll(async () => {
  service = await Service.install()
})
afterAll(async () => service[Symbol.asyncDispose]())

/** Counts, a line each tenth of a second. */
const counter = ['sh', '-c', 'i=0; while :; do echo $i; i=$((i+1)); sleep 0.1; done']

/** Waits for the service to be up, as another process than before. */
async function untilReplaced(pid: number): Promise<void> {
  await eventually(async () => {
    expect(await service.mainPid()).not.toBe(pid)
    expect(await service.show('ActiveState')).toBe('active')
  }, 120_000)
}

function programOf(pid: string): string {
  return basename(readlinkSync(`/proc/${pid}/exe`))
}

function cgroupOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim()
}

// In this order: each goes on with the service as the one before has left it.
describe('corrald as a service', () => {
  let job: { name: string; pid: number }

  test('is up once it serves clients, and has its jobs in a scope beside it', async () => {
    await service.systemctl('start', 'corrald.service')
    expect(await service.show('StatusText')).toBe('Serving at /run/corral/corrald.sock')
    await using runner = await service.connect()
    const name = await runner.start({ command: counter, memoryMax: '64M' })
    const { pid: command } = await runner.status(name)
    job = { name, pid: command! }
    expect(cgroupOf(job.pid)).toMatch(/^0::\/system\.slice\/corral-\S+\.scope\//)
    const own = await service.show('ControlGroup')
    // Beside it are programs that it asks about others, for as long as it does.
    const programs = readFileSync(`/sys/fs/cgroup${own}/cgroup.procs`, 'utf8').trim().split('\n').map(programOf)
    expect(programs.filter((name) => name !== 'corral-syscall')).toEqual([basename(process.execPath)])
  })

  test('is restarted, and killed, while its job goes on and is read without a gap', async () => {
    await using runner = await service.connect()
    const lines = new Lines(runner.output(job.name))
    const first = await service.mainPid()
    await service.systemctl('restart', 'corrald.service')
    await lines.more(5)
    const second = await service.mainPid()
    expect(second).not.toBe(first)
    process.kill(second, 'SIGKILL')
    await untilReplaced(second)
    await lines.more(5)
    expect(await service.show('NRestarts')).toBe('1')
    expect(await runner.status(job.name)).toMatchObject({ state: 'active', pid: job.pid })
    expect(lines.seen).toEqual(lines.seen.map((_, index) => String(index)))
  })

  test('is started anew when it hangs', async () => {
    await service.dropIn('[Service]\nWatchdogSec=6s\nTimeoutAbortSec=1s\n')
    await service.systemctl('restart', 'corrald.service')
    const pid = await service.mainPid()
    process.kill(pid, 'SIGSTOP')
    await untilReplaced(pid)
    await using runner = await service.connect()
    expect(await runner.status(job.name)).toMatchObject({ state: 'active', pid: job.pid })
  })

  test('is started by whoever connects to its socket', async () => {
    await service.systemctl('stop', 'corrald.service')
    await service.systemctl('start', 'corrald.socket')
    expect(await service.mainPid()).toBe(0)
    await using runner = await service.connect()
    expect(await runner.status(job.name)).toMatchObject({ state: 'active', pid: job.pid })
    expect(await service.mainPid()).not.toBe(0)
  })

  test('leaves nothing running when it is stopped, if it is told so', async () => {
    await service.configure({ onStop: 'stop' })
    await service.systemctl('restart', 'corrald.service')
    const scope = cgroupOf(job.pid).replace(/^0::(.*\.scope)\/.*$/, '/sys/fs/cgroup$1')
    await service.systemctl('stop', 'corrald.socket', 'corrald.service')
    expect(() => process.kill(job.pid, 0)).toThrow('ESRCH')
    await eventually(() => expect(() => readFileSync(`${scope}/cgroup.procs`)).toThrow('ENOENT'), 60_000)
  })
})

/** The lines of a job's output. */
class Lines {
  readonly seen: string[] = []
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #rest = ''

  constructor(output: ReadableStream<Uint8Array>) {
    this.#reader = output.getReader()
  }

  /** Waits for further lines. */
  async more(count: number): Promise<void> {
    for (const wanted = this.seen.length + count; this.seen.length < wanted;) {
      const { value, done } = await this.#reader.read()
      if (done) throw new Error(`the output ended after ${this.seen.length} lines`)
      const lines = (this.#rest + Buffer.from(value).toString()).split('\n')
      this.#rest = lines.pop()!
      this.seen.push(...lines)
    }
  }
}
