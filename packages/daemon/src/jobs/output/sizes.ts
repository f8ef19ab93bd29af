import { stat } from 'node:fs/promises'

import type { CgroupRunner, JobStatus } from '@corral/runner'

/** A status with how much output there was, and how much of it is no longer there. */
export type SizedStatus = JobStatus & { outputBytes: number; outputDroppedBytes: number }

/** A status of the library's with the size of the output. */
export async function withSize(runner: CgroupRunner, status: JobStatus): Promise<SizedStatus> {
  const sized = status as Partial<SizedStatus>
  if (sized.outputBytes !== undefined) return status as SizedStatus
  const { outputPath } = await runner.inspect(status.name)
  return { ...status, outputBytes: (await stat(outputPath)).size, outputDroppedBytes: 0 }
}
