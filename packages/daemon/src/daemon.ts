import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

import { readHostFacts } from '@corral/runner'

import { AuditLog } from './audit/index.ts'
import type { Config } from './config/schema.ts'
import { JobManager } from './jobs/index.ts'
import { Doorway } from './lifecycle/doorway.ts'
import { callerOf, type HandedOver, type Listeners, openListeners } from './listen/index.ts'
import { createLog, type Log } from './log/index.ts'
import { Metrics, MetricsServer } from './metrics/index.ts'
import { CurrentPolicy } from './policy/current.ts'
import { createPolicy } from './policy/index.ts'
import { createHandler, type DaemonFacts } from './rpc/index.ts'
import { readVersion } from './version.ts'

/** What `createDaemon` takes. */
export interface DaemonOptions {
  /** What `loadConfig`, or `parseConfig`, gives. */
  config: Config
  /** Default: as `config.log` says. */
  log?: Log
  /** What systemd has opened (`takeHandedOver`). Default: nothing. */
  handedOver?: HandedOver
}

/** A daemon that serves clients. */
export interface Daemon extends AsyncDisposable {
  /** Each listener's name, and where it listens. */
  readonly addresses: readonly { name: string; address: string }[]
  readonly storageRoot: string
  /** Takes over of a configuration what can change while it runs, opens the audit log anew, and reads certificates again. */
  reload(config: Config): Promise<void>
  /** Resolves when the launcher answers. */
  probe(): Promise<void>
  /** Ends it: no new starts, streams end, and jobs are kept running or stopped as configured. */
  close(): Promise<void>
}

/**
 * Puts a daemon together, and resolves once it knows what became of every job and serves clients. Whoever connects
 * before waits until then.
 * @throws {ListenError | CorralError | InvalidOptionError}
 */
export async function createDaemon(options: DaemonOptions): Promise<Daemon> {
  const { config, log = createLog(config.log), handedOver } = options
  await using opened = new AsyncDisposableStack()
  const metrics = new Metrics({ version: readVersion(), ...config.metrics })
  const audit = opened.use(await openAudit(config, log, metrics))
  const policy = new CurrentPolicy(createPolicy(config.policy))
  const draining = new AbortController()
  const doorway = new Doorway(() => log.debug('A request waits until it is known what became of jobs'))
  const isReady = (): boolean => doorway.isOpen && !draining.signal.aborted
  if (config.metrics) opened.use(await MetricsServer.open({ listen: config.metrics.listen, metrics, isReady }))
  const listeners = await openListeners(
    {
      ...doorsOf(config),
      ...(handedOver && { handedOver }),
      log,
      onRefused: (reason) => metrics.connectionRefused(reason),
    },
    doorway.handler,
  )
  opened.defer(() => listeners.close(0))
  handedOver?.checkTaken()
  const jobs = opened.use(await openJobs(config, log, metrics))
  metrics.attach({ jobs, listeners, log, signal: draining.signal })
  const services = {
    jobs,
    policy,
    audit,
    log,
    metrics,
    info: await factsOf(config),
    limits: config.requests,
    draining: draining.signal,
  }
  doorway.open(createHandler(services, callerOf))
  return new RunningDaemon(opened.move(), { config, log, audit, policy, listeners, jobs, draining })
}

async function openAudit({ audit: { path, ...options } }: Config, log: Log, metrics: Metrics): Promise<AuditLog> {
  await mkdir(dirname(path), { recursive: true, mode: 0o750 })
  const onFailure = (err: Error | null): void => {
    if (err) metrics.auditFailed()
    if (err) log.error({ err, path }, 'The audit log cannot be written')
    else log.info({ path }, 'The audit log is written again')
  }
  return AuditLog.open({ path, ...options, onFailure })
}

function doorsOf({ unix, tls, connections }: Config) {
  return { unix: [unix], tls: tls ? [tls] : [], limits: connections }
}

async function openJobs(config: Config, log: Log, metrics: Metrics): Promise<JobManager> {
  const { storageRoot, jobNamePrefix, cgroupParent, ownScope, jobs, retention, events } = config
  return JobManager.open({
    storageRoot,
    jobNamePrefix,
    ownScope,
    ...(cgroupParent !== undefined && { cgroupParent }),
    ...jobs,
    retention,
    journal: events,
    onStarted: (ms) => metrics.jobStarted(ms),
    log,
  })
}

async function factsOf({ storageRoot, jobs: { maxActive } }: Config): Promise<DaemonFacts> {
  const { hostname, kernel, architecture, cpus, memoryBytes, cgroupLayout } = await readHostFacts()
  const host = { hostname, kernel, architecture, cpus, memoryBytes, cgroupLayout }
  return { version: readVersion(), startedAt: new Date(), ...host, storageRoot, maxActive: maxActive ?? null }
}

interface Parts {
  config: Config
  log: Log
  audit: AuditLog
  policy: CurrentPolicy
  listeners: Listeners
  jobs: JobManager
  draining: AbortController
}

class RunningDaemon implements Daemon {
  readonly #parts: Parts
  readonly #opened: AsyncDisposableStack
  #closing: Promise<void> | undefined

  constructor(opened: AsyncDisposableStack, parts: Parts) {
    this.#opened = opened
    this.#parts = parts
  }

  get addresses(): Listeners['addresses'] {
    return this.#parts.listeners.addresses
  }

  get storageRoot(): string {
    return this.#parts.config.storageRoot
  }

  async reload(config: Config): Promise<void> {
    const { log, audit, policy, listeners } = this.#parts
    policy.replace(createPolicy(config.policy))
    log.level = config.log.level
    await Promise.all([audit.reopen(), listeners.reload()])
  }

  async probe(): Promise<void> {
    await this.#parts.jobs.probe()
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Requests that are under way are served while jobs are stopped: neither takes the time of the other. */
  async #close(): Promise<void> {
    const { config, jobs, listeners, draining } = this.#parts
    const { onStop, drainTimeoutMs } = config
    jobs.drain()
    draining.abort()
    await Promise.all([listeners.close(drainTimeoutMs), onStop === 'stop' && jobs.stopAll(drainTimeoutMs)])
    await this.#opened.disposeAsync()
  }
}
