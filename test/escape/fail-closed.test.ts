import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import type { CgroupRunner, JobConfig, Profile } from '@corral/runner'
import { expect } from 'vitest'

import { compileLauncher } from '../../scripts/compile-launcher.ts'
import { expectNoRemains, inMachine, markOf } from '../faults/host.ts'
import { LauncherProcess } from '../launcher/launcher-process.ts'
import { test } from '../support/test.ts'

/** The names in the tables of steps of a start, as the source has them: a step that is added is tried here too. */
function stepsOf(file: string, table: string): string[] {
  const source = readFileSync(join(import.meta.dirname, '../../launcher', file), 'utf8')
  const rows = new RegExp(String.raw`\} ${table}\[\] = \{(.*?)\n\};`, 's').exec(source)![1]!
  const names = [...rows.matchAll(/\{ "([\w-]+)",/g)].map((match) => match[1]!)
  // Where two have a name, the second is asked for by the number.
  return names.map((name, index) => (names.indexOf(name) === index ? name : `${name} 2`))
}

/** Where a processor is emulated, the profile that has all fences. */
const profiles: readonly Profile[] = inMachine ? ['strict'] : ['standard', 'strict']

/** What is mounted in every job of the profiles that fence, one by one. */
const mounts = ['/proc', '/sys', '/sys/fs/cgroup', '/dev', '/dev/null', '/dev/pts', '/dev/shm', '/tmp', '/run']
const hidden = ['/proc/sys', '/proc/kcore', '/sys/firmware']

const steps = [
  ...stepsOf('init.c', 'in_steps'),
  ...stepsOf('command.c', 'cm_steps'),
  ...(inMachine ? [] : [...mounts, ...hidden]).map((target) => `mount ${target}`),
]

const code = expect.stringMatching(/^[A-Z_]+$/)

test(
  'a step that fails refuses the start, is named, and leaves nothing behind',
  { timeout: 240_000 },
  async ({ folder, openRunner }) => {
    expect(steps.length).toBeGreaterThan(inMachine ? 25 : 40)
    const program = join(folder, 'bin/corral-launcher')
    await mkdir(join(folder, 'bin'))
    compileLauncher({ output: program, faults: true })
    const root = join(folder, 'root')
    await using launcher = await LauncherProcess.start(root, 5000, { program })
    await using runner = await openRunner({ storageRoot: root })
    for (const isolation of profiles) {
      await runner.wait(await runner.start(jobOf(root, isolation, 'nothing')))
      for (const step of steps) await expectRefusal(runner, step, jobOf(root, isolation, step))
    }
    for (const { name } of await runner.list()) await runner.stop(name)
    await expectNoRemains(root)
    await runner.close()
    expect(await launcher.end).toBe(0)
    expect(launcher.stderr).toBe('')
  },
)

function jobOf(root: string, isolation: Profile, step: string): JobConfig {
  return {
    command: ['/bin/true'],
    isolation,
    env: { ...markOf(root), CORRAL_FAULT: step },
    memoryMax: '64M',
    workdir: 'private',
    labels: { step },
  }
}

async function expectRefusal(runner: CgroupRunner, step: string, job: JobConfig): Promise<void> {
  const [name = '', target = ''] = step.split(' ')
  const error = await runner.start(job).then(
    () => new Error(`${step} was not missed`),
    (refusal: unknown) => refusal as Error,
  )
  expect(error).toMatchObject({ name: 'CorralError', code, syscall: name, errno: 'EIO' })
  // In words that say what is not there: not by the name of the step alone.
  expect(error.message).toMatch(/^could not .*i\/o error \(EIO\)/)
  expect(error.message).not.toContain(`could not ${name}:`)
  if (target.startsWith('/')) expect(error.message).toContain(target)
}
