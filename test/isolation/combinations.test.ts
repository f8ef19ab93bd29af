import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'

import type { Root } from '@corral/runner'
import { describe, expect } from 'vitest'

import { runJob } from '../support/jobs.ts'
import { sh } from '../support/programs.ts'
import { test } from '../support/test.ts'

describe("the profile 'none'", () => {
  test.for<Root>(['host', 'read-only', 'overlay', { directory: '/', access: 'overlay' }])(
    'has the devices and the kernel of the host with the root %j',
    async (root, { runner }) => {
      const { output } = await runJob(runner, {
        command: sh('echo lost > /dev/null && head -c 1 /dev/zero | wc -c; ls -d /sys/kernel; tty'),
        tty: true,
        isolation: { profile: 'none', root },
      })
      expect(output).toBe('1\r\n/sys/kernel\r\n/dev/pts/0\r\n')
    },
  )
})

describe('the storage root', () => {
  test('is not shown below a mount, by whatever path it was opened', async ({ folder, openRunner }) => {
    await mkdir(join(folder, 'disk'), { mode: 0o755 })
    await symlink('disk', join(folder, 'link'))
    const runner = await openRunner({ storageRoot: join(folder, 'link', 'root') })
    const source = join(folder, 'disk')
    const { output } = await runJob(runner, {
      command: sh('ls -A /mnt /mnt/root'),
      isolation: { mounts: [{ type: 'bind', source, target: '/mnt' }] },
    })
    expect(output).toBe('/mnt:\nroot\n\n/mnt/root:\n')
    const itself = { command: ['true'], isolation: { root: { directory: join(source, 'root') } } }
    await expect(runner.start(itself)).rejects.toMatchObject({ option: 'isolation.root.directory' })
  })
})

describe('a job with a user of its own', () => {
  test('keeps it in further commands that are given a group', async ({ runner }) => {
    const name = await runner.start({ command: ['sleep', 'infinity'], isolation: 'strict', workdir: 'private' })
    const { ownUid } = await runner.inspect(name)
    const call = await runner.exec(name, { command: sh('id -u; id -g; echo $HOME'), group: 'nogroup' })
    expect(await new Response(call.output()).text()).toBe(`${ownUid}\n65534\n/tmp/work\n`)
    await runner.stop(name)
  })

  test('cannot be given a group alone', async ({ runner }) => {
    const config = { command: ['true'], isolation: 'strict', group: 'nogroup' } as const
    await expect(runner.start(config)).rejects.toMatchObject({ name: 'InvalidOptionError', option: 'group' })
  })
})
