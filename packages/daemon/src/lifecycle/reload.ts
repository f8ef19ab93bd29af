import { isDeepStrictEqual } from 'node:util'

import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import type { Daemon } from '../daemon.ts'
import type { Log } from '../log/index.ts'
import type { Notifier } from './notify.ts'

/** Reads the configuration again when it is told to, one time after the other. */
export class Reloader {
  /** Set once it runs; what is asked for before is done by the start itself. */
  daemon: Daemon | undefined
  readonly #file: string
  readonly #log: Log
  readonly #notifier: Notifier
  #config: Config
  #last: Promise<void> = Promise.resolve()

  constructor(file: string, config: Config, { log, notifier }: { log: Log; notifier: Notifier }) {
    this.#file = file
    this.#config = config
    this.#log = log
    this.#notifier = notifier
  }

  reload(): void {
    this.#last = this.#last.then(() => this.#reload())
  }

  async #reload(): Promise<void> {
    if (this.daemon === undefined) return
    // CLOCK_MONOTONIC in microseconds, as systemd compares it (Type=notify-reload).
    await this.#notifier.notify('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`)
    try {
      const next = await loadConfig(this.#file)
      await this.daemon.reload(next)
      const waiting = changesOf(lastingOf(this.#config), lastingOf(next))
      if (waiting.length > 0) this.#log.warn({ keys: waiting }, 'These changes take a restart, which jobs survive')
      this.#log.info({ file: this.#file }, 'The configuration was read again')
    } catch (err) {
      this.#log.error({ err }, `The configuration is kept as it was: ${(err as Error).message}`)
    }
    await this.#notifier.notify('READY=1')
  }
}

/** What takes a restart: all but who may do what, and the log's level. */
function lastingOf({ policy: _policy, log: { level: _level, ...log }, ...config }: Config): Record<string, unknown> {
  return { ...config, log }
}

/** The keys that have another value. */
function changesOf(before: Record<string, unknown>, after: Record<string, unknown>): string[] {
  return Object.keys({ ...before, ...after }).filter((key) => !isDeepStrictEqual(before[key], after[key]))
}
