import { expect } from 'vitest'

import { dataOf, never, order, test } from './job-managers.ts'

test('who follows is let go by its signal, and reads on from where it was', async ({ jobs }) => {
  await jobs.start(order({ name: 'x', command: ['sh', '-c', 'echo begun; sleep 60'] }))
  const leave = new AbortController()
  let text = ''
  const reading = (async () => {
    for await (const part of jobs.output('x', { follow: true, signal: leave.signal })) {
      text += Buffer.from(dataOf(part)).toString()
      leave.abort()
    }
  })()
  await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
  expect(text).toBe('begun\n')
  const now = await Array.fromAsync(jobs.output('x', { from: 3, follow: false, signal: never }))
  expect(now).toMatchObject([{ offset: 3, attempt: 1 }])
  const tail = await jobs.output('x', { tail: 0, follow: true, signal: never })[Symbol.asyncIterator]().next()
  expect(tail.value).toMatchObject({ offset: 6, data: new Uint8Array() })
  await jobs.stop('x', {})
})

test('who waits is let go by its signal', async ({ jobs }) => {
  await jobs.start(order({ name: 'x', command: ['sleep', '60'] }))
  const leave = new AbortController()
  const waiting = jobs.wait('x', leave.signal)
  leave.abort()
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
  await jobs.stop('x', {})
})

test('a job is described by its latest attempt', async ({ openJobs }) => {
  const jobs = await openJobs({ maxActive: 1 })
  await jobs.start(order({ name: 'x', command: ['sleep', '60'], env: { A: 'b' }, memoryMax: '64M' }))
  const described = await jobs.inspect('x')
  expect(described).toMatchObject({
    name: 'x',
    owner: 'alice',
    spec: { name: 'x', env: { A: 'b' } },
    collectedPath: null,
  })
  expect(described.outputPath).toMatch(/\/jobs\/x\/output$/)
  await jobs.start(order({ name: 'y', command: ['true'] }))
  expect(await jobs.inspect('y')).toMatchObject({ state: 'queued', spec: null, outputPath: '' })
  expect(() => jobs.changes('y')).toThrow(expect.objectContaining({ name: 'NoChangesError' }))
  await jobs.update('x', { memoryMax: '32M' })
  expect((await jobs.inspect('x')).spec?.limits).toMatchObject({ memoryMax: '32M' })
  await jobs.stop('x', {})
})

test('a job is frozen, sent a signal and stopped with a grace', async ({ jobs }) => {
  const command = ['sh', '-c', 'trap "echo asked" TERM; echo ready; while :; do sleep 0.05; done']
  await jobs.start(order({ name: 'x', command }))
  for await (const part of jobs.output('x', { follow: true, signal: never })) if (dataOf(part).length > 0) break
  await jobs.freeze('x')
  await jobs.thaw('x')
  await jobs.kill('x', 'SIGTERM')
  expect(await jobs.stop('x', { signal: 'SIGTERM', graceMs: 200 })).toMatchObject({
    state: 'stopped',
    signal: 'SIGKILL',
  })
  for (const attempt of [jobs.freeze('x'), jobs.thaw('x'), jobs.update('x', {}), jobs.kill('x', 'SIGTERM')]) {
    await expect(attempt).rejects.toMatchObject({ name: 'JobEndedError', jobName: 'x' })
  }
})

test('nobody knows of a job that is not there', async ({ jobs }) => {
  const attempts = [jobs.status('x'), jobs.wait('x', never), jobs.stop('x', {}), jobs.remove('x', { force: true })]
  for (const attempt of attempts)
    await expect(attempt).rejects.toMatchObject({ name: 'JobNotFoundError', jobName: 'x' })
  expect(jobs.ownerOf('x')).toBeUndefined()
})
