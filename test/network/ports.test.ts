import { describe, expect } from 'vitest'

import { program, sh } from '../support/programs.ts'
import { addresses } from './addresses.ts'
import { type Host, test } from './host.ts'

const { host: own } = addresses

/** Runs a check while a job serves port 80. */
async function whileServing(host: Host, ports: string[], check: () => Promise<void>, allow?: string[]): Promise<void> {
  const network = { type: 'private', ports, ...(allow && { allow }) } as const
  const name = await host.start({ command: [program('talk'), 'serve', '80', '8082'], isolation: { network } })
  try {
    await check()
  } finally {
    await host.stop(name)
  }
}

const answered = /^[\da-f.:]+$/

describe('a published port', () => {
  test('leads into the job from the loopback of the host', async ({ host }) => {
    await whileServing(host, ['8080:80', '8082/udp'], async () => {
      expect(await host.talk('tcp', '127.0.0.1', '8080')).toMatch(answered)
      expect(await host.talk('udp', '127.0.0.1', '8082')).toMatch(answered)
      expect(await host.talk('tcp', own, '8080')).toBe('ECONNREFUSED')
    })
    expect(await host.talk('tcp', '127.0.0.1', '8080')).toBe('ECONNREFUSED')
  })

  test('leads into the job from the address that is given', async ({ host }) => {
    await whileServing(host, [`${own}:8080:80`, `${own}:8080:80/udp`, '[::1]:8081:80'], async () => {
      expect(await host.talk('tcp', own, '8080')).toMatch(answered)
      expect(await host.talk('tcp', '::1', '8081')).toMatch(answered)
      expect(await host.talk('tcp', '127.0.0.1', '8080')).toBe('ECONNREFUSED')
    })
  })

  test('is answered to those that the job may not call itself', async ({ host }) => {
    const check = async () => expect(await host.talk('tcp', own, '8080')).toMatch(answered)
    await whileServing(host, ['0.0.0.0:8080:80'], check, [])
  })

  test('is the only one', async ({ host }) => {
    const network = { type: 'private', ports: ['8080:80'] } as const
    const name = await host.start({ command: [program('talk'), 'serve', '80', '81'], isolation: { network } })
    expect(await host.talk('tcp', '127.0.0.1', '81')).toBe('ECONNREFUSED')
    expect(await host.talk('udp', '127.0.0.1', '8080')).toBe('ECONNREFUSED')
    await host.stop(name)
  })

  test('that is taken refuses the start, and is named', async ({ host }) => {
    await whileServing(host, ['8080:80'], async () => {
      const before = await host.jobs()
      const second = host.run({
        command: ['true'],
        isolation: { network: { type: 'private', ports: ['8079:79', '8080:80'] } },
      })
      await expect(second).rejects.toMatchObject({
        code: 'FENCE_REFUSED',
        message: expect.stringMatching(/127\.0\.0\.1\/8080/),
      })
      expect(await host.pastas()).toHaveLength(1)
      expect(await host.jobs()).toEqual(before)
    })
  })

  test('does not lead out: the job has no port of the host', async ({ host }) => {
    const isolation = { network: { type: 'private', ports: ['8080:80'] } } as const
    const { output } = await host.run({ command: sh(`${program('talk')} tcp 127.0.0.1 70`), isolation })
    expect(output).toBe('ECONNREFUSED\n')
  })
})
