import type { JobConfig } from '../job/config.ts'
import type { JobStatus } from '../job/status.ts'
import type { CgroupRunner } from '../runner.ts'

/** Runs a job that does nothing to its end: what it takes to be started is what is to be seen. */
export async function tryJob(runner: CgroupRunner, config: Omit<JobConfig, 'command'>): Promise<JobStatus> {
  const name = await runner.start({
    name: `doctor.${crypto.randomUUID()}`,
    command: ['true'],
    timeoutMs: 30_000,
    ...config,
  })
  return runner.wait(name)
}
