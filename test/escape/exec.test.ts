import { JobEndedError } from '@corral/runner'
import { describe, expect } from 'vitest'

import { inMachine } from '../faults/host.ts'
import { readText, startReady } from '../support/jobs.ts'
import { program, sh } from '../support/programs.ts'
import { isRoot, test } from './attempt.ts'
import { type Command, parse, runOnHost, wordsOf } from './verdict.ts'

const profiles = ['standard', 'strict'] as const

/** What is refused to a job, fence by fence; other files have the controls. */
const attempts: readonly Command[] = [
  ['open-write', '/proc/sys/kernel/core_pattern'],
  ['open-path', '/proc/1/exe'],
  ['cgroup-write', 'cgroup.procs'],
  ['cgroup-write', 'cgroup.kill'],
  ['cgroup-leave'],
  ['devices'],
  ['descriptors'],
  ['working-directory'],
  ['shared-mounts'],
  ['mount-fs', 'tmpfs', '/tmp'],
  ['unmount', '/proc/sys'],
  ['unshare', 'user'],
  ['clone', 'user'],
  ['clone3', 'user'],
  ['i386-call'],
  ['call', 'io_uring_setup'],
  ['call', 'keyctl'],
  ['call', 'bpf'],
  ['call', 'settimeofday'],
  ['socket', '40', '1', '0'],
  ['terminal', 'TIOCSTI'],
  ['raise-limit', '4'],
]

describe('a further command in a job', () => {
  test.for(profiles)('is refused what the job is, in %s', async (isolation, { arena: { runner } }) => {
    const name = await runner.start({ command: sh('exec sleep 1000'), isolation })
    const execution = await runner.exec(name, { command: wordsOf(attempts) })
    const verdicts = parse(await textOf(execution.output()), attempts)
    expect(verdicts.filter((verdict) => !/^(refused|absent): /.test(verdict))).toEqual([])
    await runner.stop(name)
  })

  // Before it is exec'd it runs the launcher's program, and has open what no job is to have.
  test.for(profiles)('is out of reach of the job on its way, in %s', async (isolation, { arena: { runner } }) => {
    const rounds = inMachine ? 5 : 30
    const name = await startReady(runner, { command: [program('ambush'), String(rounds)], isolation })
    const commands = Array.from({ length: rounds + 1 }, async () => {
      return runner.exec(name, { command: [program('signal'), '1'] }).catch(() => undefined)
    })
    await Promise.all(commands)
    await runner.kill(name, 'SIGTERM').catch((error: unknown) => {
      if (!(error instanceof JobEndedError)) throw error
    })
    expect(await readText(runner, name)).toBe('ready\nrefused: nothing there\n')
    await runner.stop(name)
  })

  test.runIf(isRoot)('that has a descriptor would be found', async () => {
    const inNamespace = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
    const beside = ['sh', '-c', 'exec 7</; sleep 1000 & exec 7<&-; exec "$@"', 'sh']
    expect(await runOnHost([...inNamespace, ...beside], ['ambush', '2'])).toMatch(/^escaped: \/proc\/\d+\/fd\/7/)
  })
})

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(stream)).toString()
}
