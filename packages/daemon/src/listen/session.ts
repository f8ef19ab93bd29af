import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'

import type { ResolvedLimits } from './options.ts'

/**
 * Ends an HTTP/2 connection that has had no request for long, and one to a remote client that has gone without a word:
 * after a silence it is asked, as the kernel asks on HTTP/1.1 connections.
 */
export function watchSession(session: ServerHttp2Session, limits: ResolvedLimits, where: 'local' | 'remote'): void {
  endWhenIdle(session, limits.idleTimeoutMs)
  if (where === 'remote') session.setTimeout(limits.keepAliveMs, () => askPeer(session, limits.keepAliveTimeoutMs))
}

function endWhenIdle(session: ServerHttp2Session, idleTimeoutMs: number): void {
  let streams = 0
  const startTimer = (): NodeJS.Timeout => setTimeout(() => session.close(), idleTimeoutMs).unref()
  let timer = startTimer()
  session.on('stream', (stream) => {
    streams++
    clearTimeout(timer)
    stream.once('close', () => {
      streams--
      if (streams === 0 && !session.destroyed) timer = startTimer()
    })
  })
  session.once('close', () => clearTimeout(timer))
}

function askPeer(session: ServerHttp2Session, timeoutMs: number): void {
  if (session.destroyed) return
  const timer = setTimeout(() => session.destroy(), timeoutMs).unref()
  session.once('close', () => clearTimeout(timer))
  session.ping(() => clearTimeout(timer))
}

/** Ends a request that has not arrived in time. Its response takes as long as it does. */
export function boundRequest(stream: ServerHttp2Stream, timeoutMs: number): void {
  if (stream.endAfterHeaders) return
  const timer = setTimeout(() => {
    // Open in both directions: more of the request is to come.
    if (stream.state?.state === constants.NGHTTP2_STREAM_STATE_OPEN) stream.close(constants.NGHTTP2_CANCEL)
  }, timeoutMs).unref()
  stream.once('close', () => clearTimeout(timer))
}
