import { fstatSync } from 'node:fs'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { InvalidOptionError } from '@corral/runner/errors'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { createLog, flushLog, type Log, type LogOptions } from './log.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'corral-log-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

/** What is written when something is logged. */
async function logged(options: LogOptions, say: (log: Log) => void): Promise<string> {
  const path = join(folder, 'log')
  await using file = await open(path, 'a')
  const log = createLog({ ...options, fd: file.fd })
  say(log)
  await flushLog(log)
  return readFile(path, 'utf8')
}

describe('createLog', () => {
  it('writes a JSON object a line, with the fields of the request', async () => {
    const text = await logged({}, (log) => {
      log.debug('not this')
      log.child({ requestId: 'r1' }).info({ job: 'web' }, 'started')
      log.warn('full')
    })
    const [first, second] = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(first).toEqual({ level: 'info', time: expect.any(String), requestId: 'r1', job: 'web', msg: 'started' })
    expect(new Date(String(first!['time'])).getTime()).toBeGreaterThan(Date.now() - 60_000)
    expect(second).toMatchObject({ level: 'warn', msg: 'full' })
  })

  it('writes lines to be read, which stay lines', async () => {
    const text = await logged({ format: 'text' }, (log) => {
      log.info({ requestId: 'r1', who: 'a b', nested: { n: 1 } }, 'started\n\u001b[31mred')
      log.error({ err: new Error('no room') }, 'failed')
    })
    const [first, second, third] = text.split('\n')
    expect(first).toMatch(/^\S+Z info  started\\u000a\\u001b\[31mred requestId=r1 who="a b" nested=\{"n":1\}$/)
    expect(second).toMatch(/^\S+Z error failed error="no room"$/)
    expect(third).toMatch(/^ {4}at /)
  })

  it('leaves times and levels to the journal', async () => {
    const path = join(folder, 'log')
    await using file = await open(path, 'a')
    const { dev, ino } = fstatSync(file.fd)
    vi.stubEnv('JOURNAL_STREAM', `${dev}:${ino}`)
    expect(await logged({ format: 'text' }, (log) => log.warn('full'))).toBe('<4>full\n')
  })

  it.each(['json', 'text'] as const)('keeps secrets out of %s', async (format) => {
    const secret = 'hunter2'
    const text = await logged({ format }, (log) => {
      const config = { env: { TOKEN: secret }, stdin: secret, files: { a: secret }, command: ['a', secret] }
      log.info(config, 'a')
      log.info({ config, request: { config }, headers: { authorization: secret } }, 'b')
      log.error({ err: new InvalidOptionError('env.TOKEN', secret, 'a string without NUL') }, 'c')
      log.error({ err: Object.assign(new Error('d', { cause: new Error('e') }), { received: secret }) })
    })
    expect(text).not.toContain(secret)
    expect(text).toContain('env.TOKEN')
  })
})
