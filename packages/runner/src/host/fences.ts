import { readFile } from 'node:fs/promises'
import { release } from 'node:os'

import type { JobConfig } from '../job/config.ts'
import { CgroupRunner } from '../runner.ts'
import type { RunnerConfig } from '../runner-config.ts'
import type { DoctorLine } from './doctor-line.ts'
import { tryJob } from './try-job.ts'

/** Fences that not every job has: each is tried with a job. A lack keeps no other job from running. */
const fences = [
  { what: 'strict', isolation: 'strict', detail: 'a job ran in this profile' },
  { what: 'overlays', isolation: { root: 'overlay' }, detail: 'a job ran in one over the root' },
  { what: 'private network', isolation: { network: 'private' }, detail: 'a job had one, through pasta' },
] as const satisfies readonly (Pick<JobConfig, 'isolation'> & { what: string; detail: string })[]

/** Says which of the fences can be had here that jobs do without where nobody asks for them. */
export async function explainFences(where: Pick<RunnerConfig, 'storageRoot' | 'cgroupParent'>): Promise<DoctorLine[]> {
  await using runner = await CgroupRunner.open(where)
  const tried = fences.map(async ({ what, isolation, detail }): Promise<DoctorLine> => {
    const failure = await tryOut(runner, { isolation })
    return failure === undefined ? { ok: true, what, detail } : { ok: 'warn', what, detail: failure }
  })
  return [...(await Promise.all(tried)), await explainLandlock()]
}

/** Runs a job with a fence; what kept it from that, or undefined. */
async function tryOut(runner: CgroupRunner, config: Omit<JobConfig, 'command'>): Promise<string | undefined> {
  try {
    const { state, exitStatus } = await tryJob(runner, config)
    return exitStatus === 0 ? undefined : `a job ended as ${state} ${exitStatus}`
  } catch (error) {
    if (error instanceof Error) return error.message
    throw error
  }
}

/** Landlock came with Linux 5.13, and is in use where the kernel was started with it in its list (landlock(7)). */
async function explainLandlock(): Promise<DoctorLine> {
  const what = 'Landlock'
  const list = await readFile('/sys/kernel/security/lsm', 'utf8').catch(() => undefined)
  if (list === undefined) {
    return {
      ok: true,
      what,
      detail: 'not known, as /sys/kernel/security is not mounted; strict uses it where it is there',
    }
  }
  if (list.trim().split(',').includes('landlock'))
    return { ok: true, what, detail: `in Linux ${release()}; strict uses it` }
  return {
    ok: 'warn',
    what,
    detail: 'not there: strict goes without',
    fix: `the kernel's option lsm=landlock,${list.trim()}`,
  }
}
