import { type CgroupRunner, JobNotFoundError, type JobStatus } from '@corral/runner'
import { afterEach, beforeEach, expect, type MockInstance, test, vi } from 'vitest'

import { endedJob } from '../ended-job.fixture.ts'
import { StdoutClosedError, writeOut } from '../streams/stdout.ts'
import { runForeground } from './run.ts'

/** What was written to stdout, as it was then: the buffer is used again. */
const written: string[] = vi.hoisted(() => [])

vi.mock(import('../streams/stdout.ts'), async (original) => ({
  ...(await original()),
  writeOut: vi.fn(async (data: string | Uint8Array) => void written.push(Buffer.from(data as Uint8Array).toString())),
}))

let stderr: MockInstance<typeof process.stderr.write>
beforeEach(() => void (stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true)))
afterEach(() => void vi.restoreAllMocks())

/** A runner whose only job prints these chunks and ends like this. */
function runnerWith(status: Partial<JobStatus>, output: ReadableStream<Uint8Array> = stream('a', 'b')): CgroupRunner {
  const job = { start: async () => 'job.x', output: () => output, wait: async () => endedJob(status), kill: vi.fn() }
  return job as unknown as CgroupRunner
}

function stream(...chunks: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    type: 'bytes',
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk))
      controller.close()
    },
  })
}

test('copies all output and gives the exit status', async () => {
  expect(await runForeground(runnerWith({ exitStatus: 7 }), { command: ['x'] })).toBe(7)
  expect(written.join('')).toBe('ab')
  expect(stderr).not.toHaveBeenCalled()
})

test('says what the exit status does not', async () => {
  const status = { state: 'oom', oom: true, oomKills: 1, exitStatus: null, signal: 'SIGKILL' } as const
  expect(await runForeground(runnerWith(status), { command: ['x'], memoryMax: '64M' })).toBe(137)
  expect(stderr).toHaveBeenCalledWith('corral: job.x was killed for memory (memory-max 64M)\n')
})

test('still tells how a job ended whose output was removed', async () => {
  const gone = new ReadableStream<Uint8Array>({
    type: 'bytes',
    start: (controller) => controller.error(new JobNotFoundError('job.x', '/r')),
  })
  expect(await runForeground(runnerWith({ state: 'stopped', exitStatus: 0 }, gone), { command: ['x'] })).toBe(0)
  expect(stderr).toHaveBeenCalledWith('corral: job.x was stopped\n')
})

test('ends with the reader, and leaves no listener behind', async () => {
  const before = process.listenerCount('SIGINT')
  vi.mocked(writeOut).mockRejectedValueOnce(new StdoutClosedError('stdout was closed'))
  await expect(runForeground(runnerWith({}), { command: ['x'] })).rejects.toBeInstanceOf(StdoutClosedError)
  expect(process.listenerCount('SIGINT')).toBe(before)
})
