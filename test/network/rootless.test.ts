import type { JobConfig } from '@corral/runner'
import { describe, expect } from 'vitest'

import { program, sh } from '../support/programs.ts'
import { addresses } from './addresses.ts'
import { asking, test } from './host.ts'

const { host: own, outside, outside6 } = addresses

/** A job of an ordinary user's. */
const user = (config: JobConfig): JobConfig => ({ ...config, noLimits: true })

describe('an ordinary user', () => {
  test('has jobs that reach others', async ({ usersHost: host }) => {
    for (const words of [
      ['tcp', outside, '7'],
      ['udp', outside, '7'],
      ['tcp', outside6, '7'],
    ]) {
      expect((await host.run(user(asking(words, 'private')))).output).toMatch(/^[\da-f.:]+\n$/)
    }
    expect((await host.run(user(asking(['tcp', outside, '7'], 'none')))).output).toBe('ENETUNREACH\n')
  })

  test('has jobs that do not reach the host, nor what is not allowed', async ({ usersHost: host }) => {
    for (const words of [
      ['tcp', own, '70'],
      ['tcp', '127.0.0.1', '70', 'eth0'],
    ]) {
      expect((await host.run(user(asking(words, 'private')))).output).toMatch(/^E(TIMEDOUT|INVAL|NETUNREACH)\n$/)
    }
    const { output } = await host.run(user(asking(['udp', outside, '7', 'eth0'], { allow: [outside6] })))
    expect(output).toBe('ETIMEDOUT\n')
  })

  test('has jobs with published ports', async ({ usersHost: host }) => {
    const isolation = { network: { type: 'private', ports: ['8080:8080'] } } as const
    const name = await host.start(user({ command: [program('talk'), 'serve', '8080'], isolation }))
    expect(await host.talk('tcp', '127.0.0.1', '8080')).toMatch(/^[\da-f.:]+$/)
    await host.stop(name)
    expect(await host.talk('tcp', '127.0.0.1', '8080')).toBe('ECONNREFUSED')
  })

  test('has jobs that cannot look into pasta', async ({ usersHost: host }) => {
    const script = `pasta=$(grep -lE '^Name:.(pasta|passt)' /proc/[0-9]*/status | cut -d/ -f3)
      test -n "$pasta" || exit 9
      for file in ns/net ns/user root fd/0 exe; do readlink /proc/$pasta/$file; done
      ls /proc/$pasta/root/; cat /proc/$pasta/environ /proc/$pasta/fd/6 /proc/$pasta/maps
      nsenter --target $pasta --net true && echo entered
      nsenter --target $pasta --user true && echo entered
      echo checked`
    const isolation = { network: 'private' } as const
    const { output, status } = await host.run(user({ command: sh(`{ ${script}; } 2>/dev/null`), isolation }))
    expect([output, status.exitStatus]).toEqual(['checked\n', 0])
  })
})
