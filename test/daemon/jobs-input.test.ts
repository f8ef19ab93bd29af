import { expect } from 'vitest'

import type { ManagedExecution, OutputRange } from '../../packages/daemon/src/jobs/index.ts'
import { dataOf, never, order, outputOf, test, untilInput } from './job-managers.ts'

const all: OutputRange = { follow: true, signal: never }

async function textOf(execution: ManagedExecution, range: Partial<OutputRange> = {}): Promise<string> {
  return Buffer.concat((await Array.fromAsync(execution.output({ ...all, ...range }))).map(dataOf)).toString()
}

test('what is sent to a job is read once, however often it is sent', async ({ jobs }) => {
  const { name } = await jobs.start(order({ command: ['cat'] }, { streamsInput: true }))
  const bytes = Buffer.alloc(3_000_000, 'abcdefghij\n')
  for (let offset = 0; offset < bytes.length; offset += 500_000) {
    const data = bytes.subarray(offset, offset + 700_000)
    expect(await jobs.writeInput(name, { offset, data, end: false })).toBe(offset + data.length)
  }
  expect(await jobs.writeInput(name, { offset: bytes.length, data: Buffer.alloc(0), end: true })).toBe(bytes.length)
  expect(await outputOf(jobs, name)).toBe(bytes.toString())
  expect(await jobs.wait(name, never)).toMatchObject({ exitStatus: 0 })
})

test('who sends to a job that does not read waits, and is let go by its end', async ({ jobs }) => {
  const { name } = await jobs.start(order({ command: ['sleep', '60'] }, { streamsInput: true }))
  let taken = 0
  const data = Buffer.alloc(512 * 1024)
  const sending = (async () => {
    for (;;) taken = await jobs.writeInput(name, { offset: taken, data, end: false })
  })()
  sending.catch(() => {})
  await jobs.freeze(name)
  await jobs.thaw(name)
  expect(taken).toBeLessThan(4 * 2 ** 20)
  await jobs.stop(name, {})
  await expect(sending).rejects.toMatchObject({ reason: 'INPUT_GONE' })
})

test('a job that waits for its turn is sent its input when it has begun, also by the next daemon', async ({
  openJobs,
}) => {
  const before = await openJobs({ maxActive: 1 })
  await before.start(order({ name: 'one', command: untilInput }, { streamsInput: true }))
  await before.start(order({ name: 'two', command: untilInput }, { streamsInput: true }))
  await before.close()
  const jobs = await openJobs({ maxActive: 1 })
  const gone = jobs.writeInput('one', { offset: 0, data: Buffer.from('x\n'), end: true })
  await expect(gone).rejects.toMatchObject({ reason: 'INPUT_GONE' })
  const sent = jobs.writeInput('two', { offset: 0, data: Buffer.from('hello\n'), end: true })
  await jobs.stop('one', {})
  expect(await sent).toBe(6)
  expect(await outputOf(jobs, 'two')).toBe('hello\n')
})

test('a job that was given its input has none to be sent', async ({ jobs }) => {
  await jobs.start(order({ name: 'x', command: ['sleep', '60'], stdin: 'text' }))
  const sent = jobs.writeInput('x', { offset: 0, data: Buffer.from('x'), end: true })
  await expect(sent).rejects.toMatchObject({ reason: 'INPUT_GONE' })
  await jobs.stop('x', {})
})

test('a further command has an output, an input and an end, for a later daemon too', async ({ openJobs }) => {
  const before = await openJobs()
  await before.start(order({ name: 'x', command: ['sleep', '60'] }))
  const { id, pid } = await before.exec('x', { command: ['cat'], streamsInput: true })
  expect(pid).toBeGreaterThan(0)
  const execution = await before.execution('x', id)
  expect(await execution.writeInput({ offset: 0, data: Buffer.from('one\ntwo\n'), end: true })).toBe(8)
  expect(await execution.wait(never)).toMatchObject({ state: 'exited', exitStatus: 0 })
  const { id: slow } = await before.exec('x', { command: ['sh', '-c', 'echo a; sleep 60'], streamsInput: false })
  await before.close()
  const jobs = await openJobs()
  const again = await jobs.execution('x', id)
  expect(await textOf(again)).toBe('one\ntwo\n')
  expect(await textOf(again, { from: 4 })).toBe('two\n')
  const [first, ...rest] = await Array.fromAsync(again.output({ ...all, tail: 1 }))
  expect([first, Buffer.concat(rest.map(dataOf)).toString()]).toMatchObject([{ offset: 4 }, 'two\n'])
  expect(await again.wait(never)).toMatchObject({ state: 'exited', exitStatus: 0 })
  const still = await jobs.execution('x', slow)
  await expect(still.writeInput({ offset: 0, data: Buffer.from('x'), end: true })).rejects.toMatchObject({
    reason: 'INPUT_GONE',
  })
  await still.kill('SIGKILL')
  expect(await still.wait(never)).toMatchObject({ state: 'signaled', signal: 'SIGKILL' })
  await again.remove()
  await expect(jobs.execution('x', id)).rejects.toMatchObject({ name: 'ExecutionNotFoundError', jobName: 'x' })
  await jobs.stop('x', {})
  await expect(jobs.exec('x', { command: ['true'], streamsInput: false })).rejects.toMatchObject({
    name: 'JobEndedError',
  })
})

test('a terminal is given another size', async ({ jobs }) => {
  const command = ['sh', '-c', 'trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.1; done']
  await jobs.start(order({ name: 'x', command, tty: true }))
  let text = ''
  for await (const part of jobs.output('x', all)) {
    if (text === '') await jobs.resize('x', { columns: 99, rows: 33 })
    text += Buffer.from(dataOf(part)).toString()
  }
  expect(text).toBe('ready\r\n33 99\r\n')
})
