import type { ManagedState } from '@corral/api'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

import type { Jobs } from '../jobs/contract.ts'
import { JobUsage, type JobUsageOptions } from './job-usage.ts'

export interface MetricsOptions extends JobUsageOptions {
  /** The daemon's version. */
  version: string
}

/** Where numbers are asked for that nobody tells. */
export interface MetricsSources {
  jobs: Jobs
  /** How many connections are served, and how many have not said yet who they are. */
  listeners?: { readonly connections: number; readonly handshakes: number }
  /** Is told when events can no longer be followed. */
  log: { error(fields: object, message: string): void }
  /** Aborted when nobody asks any more. */
  signal: AbortSignal
}

/** Every state that a job can be in; the types say when one is missing. */
const states: Readonly<Record<ManagedState, true>> = {
  queued: true,
  active: true,
  restarting: true,
  exited: true,
  signaled: true,
  oom: true,
  'timed-out': true,
  stopped: true,
  lost: true,
  failed: true,
}

const startBuckets = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** What the daemon counts; docs/metrics.md lists it. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #options: MetricsOptions
  readonly #jobs = this.#gauge('corral_jobs', 'Jobs that the daemon knows, by state', ['state'])
  readonly #queue = this.#gauge('corral_queue_length', 'Jobs that wait for their turn')
  readonly #connections = this.#gauge('corral_connections', 'Connections that are served')
  readonly #handshakes = this.#gauge('corral_handshakes', 'Connections that have not said who they are')
  readonly #streams = this.#gauge('corral_streams', 'Streams and waits that are open, by method', ['method'])
  readonly #rpcs = this.#counter('corral_rpcs_total', 'Requests that were answered', ['method', 'code'])
  readonly #sent = this.#counter('corral_output_sent_bytes_total', 'Bytes of output that were sent to clients')
  readonly #refused = this.#counter('corral_connections_refused_total', 'Connections that were not served', ['reason'])
  readonly #auditFailures = this.#counter('corral_audit_failures_total', 'Times that the audit log became unwritable')
  readonly #start = this.#histogram('corral_start_seconds', "Time from a start's turn to its exec", startBuckets)
  readonly #rpcSeconds = this.#histogram(
    'corral_rpc_seconds',
    'Time of requests, but streams and waits',
    requestBuckets,
    ['method'],
  )
  readonly #waiting = new Set<string>()
  #sources: MetricsSources | undefined
  #usage: JobUsage | undefined

  constructor(options: MetricsOptions) {
    this.#options = options
    collectDefaultMetrics({ register: this.#registry })
    this.#gauge('corral_build_info', 'The daemon that runs', ['version']).set({ version: options.version }, 1)
  }

  /** From now on tells of these. */
  attach(sources: MetricsSources): void {
    this.#sources = sources
    this.#usage = new JobUsage(this.#registry, sources.jobs, this.#options)
    this.#usage.follow(sources.signal).catch((error: unknown) => {
      if (!sources.signal.aborted) sources.log.error({ err: error }, 'ends of jobs are no longer counted')
    })
  }

  rpcEnded(method: string, code: string, ms: number): void {
    this.#rpcs.inc({ method, code })
    if (!this.#waiting.has(method)) this.#rpcSeconds.observe({ method }, ms / 1000)
  }

  streamOpened(method: string): void {
    this.#waiting.add(method)
    this.#streams.inc({ method })
  }

  streamClosed(method: string): void {
    this.#streams.dec({ method })
  }

  outputSent(bytes: number): void {
    this.#sent.inc(bytes)
  }

  connectionRefused(reason: string): void {
    this.#refused.inc({ reason })
  }

  auditFailed(): void {
    this.#auditFailures.inc()
  }

  jobStarted(ms: number): void {
    this.#start.observe(ms / 1000)
  }

  /** All of it, in the text format of Prometheus. */
  async text(): Promise<{ body: string; contentType: string }> {
    await this.#usage?.refresh()
    this.#look()
    return { body: await this.#registry.metrics(), contentType: this.#registry.contentType }
  }

  #look(): void {
    const { jobs, listeners } = this.#sources ?? {}
    const counts = new Map<string, number>(Object.keys(states).map((state) => [state, 0]))
    for (const { state } of jobs?.all() ?? []) counts.set(state, (counts.get(state) ?? 0) + 1)
    for (const [state, count] of counts) this.#jobs.set({ state }, count)
    this.#queue.set(counts.get('queued')!)
    this.#connections.set(listeners?.connections ?? 0)
    this.#handshakes.set(listeners?.handshakes ?? 0)
  }

  #gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] })
  }

  #counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#registry] })
  }

  #histogram(name: string, help: string, buckets: number[], labelNames: string[] = []): Histogram {
    return new Histogram({ name, help, buckets, labelNames, registers: [this.#registry] })
  }
}
