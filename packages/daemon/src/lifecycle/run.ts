import { once } from 'node:events'
import { closeSync, writeSync } from 'node:fs'

import { loadConfig } from '../config/load.ts'
import { createDaemon, type Daemon } from '../daemon.ts'
import { takeHandedOver } from '../listen/index.ts'
import { createLog, flushLog, type Log } from '../log/index.ts'
import { createNotifier, type Notifier } from './notify.ts'
import { Reloader } from './reload.ts'
import { listenToSignals } from './signals.ts'
import { startWatchdog } from './watchdog.ts'

/** How the process of a daemon is run. */
export interface RunOptions {
  /** Its configuration. */
  file: string
  /** A descriptor to which a line with the addresses is written, and that is closed, once clients are served. */
  readyFd?: number
}

/** What a stop may take beyond `drainTimeout`, which bounds each of its parts, in milliseconds. */
const marginMs = 5000

/**
 * Runs a daemon until it is told to end; resolves to the exit status.
 * @throws {ConfigError}
 */
export async function runDaemon({ file, readyFd }: RunOptions): Promise<number> {
  const config = await loadConfig(file)
  const log = createLog(config.log)
  failOnUncaught(log)
  const notifier = createNotifier((err) => log.warn({ err }, 'The service manager could not be told'))
  const reloader = new Reloader(file, config, { log, notifier })
  await using held = new AsyncDisposableStack()
  const signals = held.use(
    listenToSignals({
      reload: () => reloader.reload(),
      atOnce: () => exitAtOnce(log, 'told twice to end'),
    }),
  )
  try {
    await notifier.notify('STATUS=Finding out what became of jobs')
    const daemon = held.use(await createDaemon({ config, log, handedOver: takeHandedOver() }))
    reloader.daemon = daemon
    held.use(startWatchdog(notifier, () => daemon.probe()))
    if (!signals.stop.aborted) await tellReady(daemon, { log, notifier, readyFd })
    if (!signals.stop.aborted) await once(signals.stop, 'abort')
    await end(daemon, String(signals.stop.reason), config.drainTimeoutMs, { log, notifier })
    return 0
  } catch (err) {
    log.fatal({ err }, 'corrald ends')
    return 1
  } finally {
    await flushLog(log)
  }
}

interface Voices {
  log: Log
  notifier: Notifier
}

async function tellReady(
  daemon: Daemon,
  { log, notifier, readyFd }: Voices & { readyFd: number | undefined },
): Promise<void> {
  const where = daemon.addresses.map(({ address }) => address)
  log.info({ addresses: where, storageRoot: daemon.storageRoot }, 'Clients are served')
  await notifier.notify('READY=1', `STATUS=Serving at ${where.join(', ')}`)
  if (readyFd !== undefined) {
    writeSync(readyFd, `${where.join(' ')}\n`)
    closeSync(readyFd)
  }
}

async function end(daemon: Daemon, signal: string, withinMs: number, { log, notifier }: Voices): Promise<void> {
  log.info({ signal }, 'Told to end')
  const late = setTimeout(() => exitAtOnce(log, 'not ended in time'), withinMs + marginMs)
  await notifier.notify('STOPPING=1', 'STATUS=Ending', `EXTEND_TIMEOUT_USEC=${(withinMs + 2 * marginMs) * 1000}`)
  await daemon.close().finally(() => clearTimeout(late))
  log.info('Ended')
}

/** Jobs live on in either case: what a daemon that is killed leaves behind, the next one finds. */
function exitAtOnce(log: Log, why: string): void {
  log.error(`Ends at once: ${why}`)
  exitWhenWritten(log)
}

function exitWhenWritten(log: Log): void {
  void flushLog(log).finally(() => process.exit(1))
}

/** A daemon that does not know its own state ends; the next one finds out what became of the jobs. */
function failOnUncaught(log: Log): void {
  const fail = (err: unknown): void => {
    log.fatal({ err }, 'An error that nobody expected')
    exitWhenWritten(log)
  }
  process.on('uncaughtException', fail).on('unhandledRejection', fail)
}
