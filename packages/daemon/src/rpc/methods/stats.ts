import { setTimeout } from 'node:timers/promises'

import { create } from '@bufbuild/protobuf'
import {
  dateToProto,
  durationFromProto,
  FieldError,
  type JobUsage,
  JobUsageSchema,
  limitsToProto,
  type StatsRequest,
  type StatsResponse,
  StatsResponseSchema,
  usageToProto,
} from '@corral/api'
import { JobNotFoundError } from '@corral/runner/errors'

import type { Jobs } from '../../jobs/contract.ts'
import type { Call } from '../call.ts'

const defaultMs = 1000
const minMs = 100

/** Longest time between two samples: a timer of Node's with more goes off at once. */
const maxMs = 2 ** 31 - 1

/** What jobs use, again and again; of jobs that were named, until the last of them has ended for good. */
export async function* stats(request: StatsRequest, call: Call): AsyncGenerator<StatsResponse, void, undefined> {
  const intervalMs = intervalOf(request)
  const { jobs } = call.services
  const names = new Set(request.names)
  for (;;) {
    const seen = jobs.all().filter(({ name, owner }) => call.grant.sees(owner) && (names.size === 0 || names.has(name)))
    const running = seen.filter(({ state }) => state === 'active')
    const usages = await Promise.all(running.map(({ name, owner }) => samples.of(jobs, name, owner)))
    yield create(StatsResponseSchema, {
      at: dateToProto(new Date()),
      jobs: usages.filter((usage) => usage !== undefined),
    })
    if (names.size > 0 && seen.every(({ finishedAt, state }) => finishedAt && state !== 'restarting')) return
    await setTimeout(intervalMs, undefined, { signal: call.signal }).catch(() => {
      throw call.signal.reason
    })
  }
}

function intervalOf({ interval }: StatsRequest): number {
  if (!interval) return defaultMs
  const ms = durationFromProto('interval', interval)
  if (ms >= minMs && ms <= maxMs) return ms
  throw new FieldError('interval', `${ms} ms`, `from ${minMs} ms to ${maxMs} ms`)
}

/** Milliseconds for which a sample is taken to be so: many streams need not all ask the kernel. */
const freshMs = minMs / 2

/** What jobs were found to use just now. */
class Samples {
  #of: Jobs | undefined
  #at = 0
  readonly #usages = new Map<string, Promise<JobUsage | undefined>>()

  /** Undefined: it was removed meanwhile. */
  of(jobs: Jobs, name: string, owner: string): Promise<JobUsage | undefined> {
    const now = performance.now()
    if (jobs !== this.#of || now - this.#at >= freshMs) {
      this.#usages.clear()
      this.#of = jobs
      this.#at = now
    }
    // A name may be another owner's by now.
    const key = `${owner}\0${name}`
    const usage = this.#usages.get(key) ?? usageOf(jobs, name, owner)
    this.#usages.set(key, usage)
    return usage
  }
}

const samples = new Samples()

/** Undefined: it was removed meanwhile. */
async function usageOf(jobs: Jobs, name: string, owner: string): Promise<JobUsage | undefined> {
  try {
    const { startedAt, usage, spec } = await jobs.inspect(name)
    return create(JobUsageSchema, {
      name,
      owner,
      ...(startedAt && { startedAt: dateToProto(startedAt) }),
      ...(usage && { usage: usageToProto(usage) }),
      ...(spec && { limits: limitsToProto(spec.limits) }),
    })
  } catch (error) {
    if (error instanceof JobNotFoundError) return undefined
    throw error
  }
}
