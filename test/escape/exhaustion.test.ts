import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect } from 'vitest'

import { inMachine } from '../faults/host.ts'
import { jobCgroups, placesOf } from '../support/cgroups.ts'
import { untilOutput } from '../support/jobs.ts'
import { program } from '../support/programs.ts'
import { type Attempt, attack, type Control, test } from './attempt.ts'

const inNone: Control = { in: 'none' }

/** More than a job is given, and no harm to a host. */
const tooMany = { mib: 80, files: 20_000, descriptors: 5000 }

describe('what is private to a job', () => {
  attack([
    ...['/run', '/dev/shm'].map((folder): Attempt => ({
      what: `filling ${folder}`,
      command: ['fill', folder, `${tooMany.mib}`],
      control: inNone,
      refusal: folder === '/run' ? /ENOSPC|EACCES/ : /ENOSPC/,
    })),
    {
      what: 'filling a tmpfs of 4 MiB',
      command: ['fill', '/tmp', '8'],
      control: inNone,
      isolation: { mounts: [{ type: 'tmpfs', target: '/tmp', size: '4M' }] },
      refusal: /ENOSPC/,
    },
    ...(inMachine ? [] : ['/dev/shm']).map((folder): Attempt => ({
      what: `filling ${folder} with empty files`,
      command: ['many-files', folder, `${tooMany.files}`],
      control: inNone,
      refusal: /ENOSPC/,
    })),
    {
      what: 'filling a tmpfs of 4 MiB with empty files',
      command: ['many-files', '/tmp', '2000'],
      control: inNone,
      isolation: { mounts: [{ type: 'tmpfs', target: '/tmp', size: '4M' }] },
      refusal: /ENOSPC/,
    },
  ])
})

describe('descriptors', () => {
  attack([
    {
      what: 'opening more than a limit says',
      command: ['open-many', `${tooMany.descriptors}`],
      control: inNone,
      isolation: { rlimits: { nofile: 4096 } },
      refusal: /EMFILE/,
    },
  ])
})

describe('resource limits', () => {
  attack([{ what: 'raising that of core dumps', command: ['raise-limit', '4'], control: inNone, refusal: /EPERM/ }])
})

describe('processes', () => {
  test.for(['standard', 'strict'] as const)(
    'that fork twice, lead sessions and are deaf to signals end with a job of %s',
    async (profile, { arena }) => {
      const { runner } = arena
      const name = await runner.start({
        command: [program('fork-storm'), '1000'],
        pidsMax: 40,
        isolation: { profile },
      })
      await untilOutput(runner, name, 'stopped\n')
      const { usage } = await runner.status(name)
      expect(usage?.pids).toBeGreaterThan(20)
      expect(await eventsOfPlace(runner.storageRoot)).toContain('populated 1\n')
      await runner.stop(name)
      expect(await eventsOfPlace(runner.storageRoot)).toContain('populated 0\n')
      expect(await jobCgroups(runner.storageRoot)).toEqual([])
    },
  )
})

/** What the kernel says of the cgroup in which all jobs of a storage root are, and nothing else. */
async function eventsOfPlace(storageRoot: string): Promise<string> {
  const files = (await placesOf(storageRoot)).map((place) => join(place, 'cgroup.events'))
  return readFile(
    files.find((file) => existsSync(file))!,
    'utf8',
  )
}
