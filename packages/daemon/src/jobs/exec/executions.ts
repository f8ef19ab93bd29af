import {
  type CgroupRunner,
  type ExecConfig,
  type Execution,
  ExecutionNotFoundError,
  JobNotFoundError,
} from '@corral/runner'

import type { ManagedExecution } from '../contract.ts'
import { InputChannel } from '../input/channel.ts'
import type { ManagedJob } from '../job.ts'
import type { Rooms } from '../rooms.ts'
import { withRunning } from '../running.ts'
import { managedExecution } from './execution.ts'

/** A further command that this daemon has started. */
interface Started {
  execution: Execution
  channel: InputChannel | undefined
}

/** Further commands in jobs. */
export class Executions {
  readonly #rooms: Rooms
  /** Those whose standard input is sent through this daemon, by job and id. */
  readonly #started = new Map<ManagedJob, Map<string, Started>>()

  constructor(rooms: Rooms) {
    this.#rooms = rooms
  }

  async start(
    job: ManagedJob,
    { streamsInput, ...config }: ExecConfig & { streamsInput: boolean },
  ): Promise<{ id: string; pid: number }> {
    const channel = streamsInput ? new InputChannel(`a command in job ${job.name}`) : undefined
    const execution = await withRunning(job, 'run a command in', async (attempt) =>
      this.#rooms.runner.exec(attempt, { ...config, ...(channel && { stdin: channel }) }),
    )
    const { id, pid } = execution
    if (!job.hasEnded) this.#note(job, id, { execution, channel })
    // So that nobody waits for an input that nobody reads.
    execution.wait().then(
      () => this.#forget(job, id),
      () => this.#forget(job, id),
    )
    return { id, pid }
  }

  /** @throws {JobNotFoundError | ExecutionNotFoundError} */
  async find(job: ManagedJob, id: string): Promise<ManagedExecution> {
    const started = this.#started.get(job)?.get(id)
    const execution = started?.execution ?? (await this.#search(job, id))
    return managedExecution(execution, started?.channel, job.current?.number ?? 1)
  }

  #note(job: ManagedJob, id: string, started: Started): void {
    const ofJob = this.#started.get(job) ?? new Map<string, Started>()
    this.#started.set(job, ofJob.set(id, started))
  }

  #forget(job: ManagedJob, id: string): void {
    const ofJob = this.#started.get(job)
    ofJob?.get(id)?.channel?.close()
    ofJob?.delete(id)
    if (ofJob?.size === 0) this.#started.delete(job)
  }

  /** One that has ended, or that an earlier daemon started, in the latest attempt first. */
  async #search(job: ManagedJob, id: string): Promise<Execution> {
    const { runner, registry } = this.#rooms
    for (const attempt of registry.attemptsOf(job).toReversed()) {
      const found = await findIn(runner, attempt, id)
      if (found) return found
    }
    throw new ExecutionNotFoundError(job.name, id, runner.storageRoot)
  }
}

async function findIn(runner: CgroupRunner, attempt: string, id: string): Promise<Execution | undefined> {
  try {
    return await runner.execution(attempt, id)
  } catch (error) {
    if (error instanceof JobNotFoundError) return undefined
    throw error
  }
}
