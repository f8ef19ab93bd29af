import { type CorralError, type JobConfig, JobNotFoundError } from '@corral/runner'

import type { ManagedJob } from '../job.ts'
import { defaultOutputMax } from '../options.ts'
import { begunStatus, type SizedStatus, sized } from '../output/sizes.ts'
import { boundOf } from '../quota/demand.ts'
import type { Rooms } from '../rooms.ts'

/** Of so many attempts the output is kept. */
const mostOutputs = 10

/** Milliseconds before the library is asked again for an end that it could not tell. */
const leastPauseMs = 100
const mostPauseMs = 10_000

/** Has the library start attempts, and tell their ends. */
export class Attempts {
  readonly #rooms: Rooms

  constructor(rooms: Rooms) {
    this.#rooms = rooms
  }

  /** Starts a job's next attempt; resolves once its command has been exec'd. */
  async start(job: ManagedJob, config: JobConfig): Promise<void> {
    const { runner, registry, inputs, options } = this.#rooms
    const name = job.nextName
    registry.claim(name, job)
    try {
      const stdin = job.record.streamsInput ? { stdin: inputs.open(job.name) } : {}
      const begun = performance.now()
      const launched = await runner.launch({ ...config, ...this.#bounded(config), ...stdin, name })
      options.onStarted?.(performance.now() - begun)
      job.current = { number: job.record.starts + 1, status: begunStatus(launched) }
    } catch (error) {
      registry.release(name)
      throw error
    }
  }

  /** The output that is kept is never without a bound. */
  #bounded(config: JobConfig): { outputMax: number | string } {
    const ceiling = this.#rooms.options.outputMax ?? defaultOutputMax
    const { outputMax } = config
    if (outputMax === undefined) return { outputMax: ceiling }
    return { outputMax: boundOf('outputMax', outputMax) > boundOf('outputMax', ceiling) ? ceiling : outputMax }
  }

  /** How the latest attempt has ended, once it has; undefined: it was removed, or nobody will tell any more. */
  async end(job: ManagedJob): Promise<SizedStatus | undefined> {
    const { runner, log } = this.#rooms
    const name = job.currentName!
    for (let pauseMs = leastPauseMs; ; pauseMs = Math.min(pauseMs * 2, mostPauseMs)) {
      try {
        return sized(await runner.wait(name))
      } catch (error) {
        const { code } = error as Partial<CorralError>
        if (error instanceof JobNotFoundError || code === 'CLOSED') return undefined
        log.error({ err: error, job: job.name }, 'could not follow a job')
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    }
  }

  /** Removes the output of attempts that are long over. */
  async dropOld(job: ManagedJob): Promise<void> {
    const outputs = job.record.attempts.filter(({ kept }) => kept)
    for (const attempt of outputs.slice(0, Math.max(0, outputs.length + 1 - mostOutputs))) {
      await this.remove(job.nameOf(attempt.number))
      attempt.kept = false
      attempt.droppedBytes = attempt.outputBytes
    }
  }

  /** Has the library forget an attempt that has ended. */
  async remove(name: string): Promise<void> {
    const { runner, registry } = this.#rooms
    await runner.stop(name).catch((error: unknown) => {
      if (!(error instanceof JobNotFoundError)) throw error
    })
    registry.release(name)
  }
}
