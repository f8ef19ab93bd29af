/** What the daemon's process is told by signals. */
export interface Signals extends Disposable {
  /** Aborted by the first SIGTERM or SIGINT, with its name as the reason. */
  readonly stop: AbortSignal
}

/**
 * Listens to signals: the first SIGTERM or SIGINT has the daemon end as it is configured, a second one at once; SIGHUP has
 * it read its configuration again.
 */
export function listenToSignals(handlers: { reload: () => void; atOnce: () => void }): Signals {
  const stop = new AbortController()
  const onStop = (name: NodeJS.Signals): void => {
    if (stop.signal.aborted) handlers.atOnce()
    else stop.abort(name)
  }
  process.on('SIGTERM', onStop).on('SIGINT', onStop).on('SIGHUP', handlers.reload)
  return {
    stop: stop.signal,
    [Symbol.dispose]() {
      process.off('SIGTERM', onStop).off('SIGINT', onStop).off('SIGHUP', handlers.reload)
    },
  }
}
