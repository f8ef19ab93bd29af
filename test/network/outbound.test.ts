import { describe, expect } from 'vitest'

import { sh } from '../support/programs.ts'
import { addresses } from './addresses.ts'
import { asking, test } from './host.ts'

/** Nothing answers, or nothing listens in the job. */
const refused = /^E(TIMEDOUT|CONNREFUSED|NETUNREACH|HOSTUNREACH|INVAL)\n$/

const { host: own, host6: own6, outside, outside6, metadata } = addresses

/** What is asked, and who answers: the host's address, as it is the host that asks. */
const elsewhere = [
  { what: ['tcp', outside, '7'], answer: own },
  { what: ['udp', outside, '7'], answer: own },
  { what: ['tcp', outside6, '7'], answer: own6 },
  { what: ['udp', outside6, '7'], answer: own6 },
]

describe('none', () => {
  test.for(elsewhere)('reaches nobody by $what', async ({ what }, { host }) => {
    expect((await host.run(asking(what, 'none'))).output).toBe('ENETUNREACH\n')
  })
})

describe('private', () => {
  test.for(elsewhere)('reaches others by $what', async ({ what, answer }, { host }) => {
    expect((await host.run(asking(what, 'private'))).output).toBe(`${answer}\n`)
  })

  test.for([
    { what: 'loopback', words: ['127.0.0.1', '70'] },
    { what: 'loopback in IPv6', words: ['::1', '70'] },
    { what: 'loopback, past all routes', words: ['127.0.0.1', '70', 'eth0'] },
    { what: 'loopback by the address of no host', words: ['0.0.0.0', '70', 'eth0'] },
    { what: 'loopback by the gateway', words: ['10.0.2.2', '70'] },
    { what: 'own address', words: [own, '70'] },
    { what: 'own address in IPv6', words: [own6, '70'] },
    { what: 'own address, past all routes', words: [own, '70', 'eth0'] },
    { what: "cloud's secrets", words: [metadata, '7'] },
    { what: "cloud's secrets, past all routes", words: [metadata, '7', 'eth0'] },
  ])("does not reach the host's $what", async ({ words }, { host }) => {
    for (const protocol of ['tcp', 'udp']) {
      expect((await host.run(asking([protocol, ...words], 'private'))).output).toMatch(refused)
    }
  })

  test('would reach these, were it not for the fence', async ({ host }) => {
    for (const protocol of ['tcp', 'udp']) {
      for (const address of ['127.0.0.1', '::1', own, own6])
        expect(await host.talk(protocol, address, '70')).toBe(address)
    }
    expect(await host.talk('tcp', metadata, '7')).toBe(own)
  })

  test('resolves names by the resolver of the host', async ({ host }) => {
    const { output } = await host.run({
      command: sh('cat /etc/resolv.conf'),
      isolation: { network: 'private' },
    })
    expect(output).toBe('nameserver 10.0.2.3\nsearch test\n')
    expect((await host.run(asking(['udp', '10.0.2.3', '53'], 'private'))).output).toBe(`${own}\n`)
  })

  test('is the same by a runner that does not look like it', async ({ host }) => {
    const jobs = await Promise.all([1, 2].map(async () => host.run(asking(['tcp', outside, '8'], 'private'))))
    expect(jobs.map(({ output }) => output)).toEqual([`${own}\n`, `${own}\n`])
  })
})

describe('allow', () => {
  test.for([
    { allow: [outside], words: ['tcp', outside, '7'] },
    { allow: ['203.0.113.0/24'], words: ['udp', outside, '7'] },
    { allow: ['0.0.0.0/0'], words: ['tcp', outside, '7'] },
    { allow: ['198.51.100.0/24', outside6], words: ['tcp', outside6, '7'] },
    { allow: [own], words: ['tcp', own, '70'] },
    { allow: [own6], words: ['tcp', own6, '70'] },
    { allow: [metadata], words: ['tcp', metadata, '7'] },
  ])('$allow permits $words', async ({ allow, words }, { host }) => {
    expect((await host.run(asking(words, { allow }))).output).not.toMatch(/^E|^$/)
  })

  test.for([
    { allow: [], words: ['tcp', outside, '7'] },
    { allow: ['203.0.113.128/25'], words: ['tcp', outside, '7'] },
    { allow: ['203.0.113.128/25'], words: ['udp', outside, '7', 'eth0'] },
    { allow: ['203.0.113.128/25'], words: ['tcp', outside, '7', 'eth0'] },
    { allow: [outside], words: ['tcp', outside6, '7'] },
    { allow: ['2001:db8::8000/113'], words: ['tcp', outside6, '7', 'eth0'] },
    { allow: ['203.0.113.0/24'], words: ['tcp', own, '70'] },
    { allow: ['0.0.0.0/0'], words: ['tcp', metadata, '7'] },
  ])('$allow refuses $words', async ({ allow, words }, { host }) => {
    expect((await host.run(asking(words, { allow }))).output).toBe('ETIMEDOUT\n')
  })

  test('holds for a job that may change its network', async ({ host }) => {
    const isolation = {
      network: { type: 'private', allow: ['198.51.100.0/24'] },
      capabilities: ['CAP_NET_ADMIN', 'CAP_NET_RAW'],
    } as const
    const script = `ip route replace default via 10.0.2.2 dev eth0; ip neigh flush dev eth0; ${asking([], 'none').command[0]} tcp ${outside} 7`
    expect((await host.run({ command: sh(script), isolation })).output).toBe('ETIMEDOUT\n')
  })

  test('resolves names only when it is told to', async ({ host }) => {
    const ask = async (dns?: boolean) =>
      host.run(asking(['udp', '10.0.2.3', '53'], { allow: [], ...(dns !== undefined && { dns }) }))
    expect((await ask()).output).toBe('ETIMEDOUT\n')
    expect((await ask(true)).output).toBe(`${own}\n`)
  })
})
