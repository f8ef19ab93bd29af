import { afterEach, expect, test } from 'vitest'

import { SignalRelay } from './signals.ts'

let relay: SignalRelay | undefined
afterEach(() => relay?.[Symbol.dispose]())

/** A relay, and the signals that the job got. */
function createRelay(): { relay: SignalRelay; sent: string[]; send: (signal: NodeJS.Signals) => Promise<void> } {
  const sent: string[] = []
  relay = new SignalRelay((error) => void sent.push(String(error)))
  return { relay, sent, send: async (signal) => void sent.push(signal) }
}

test('the first signal is passed on, the second kills, the third is no longer taken', () => {
  const before = process.listenerCount('SIGHUP')
  const { relay, sent, send } = createRelay()
  relay.passTo(send)
  process.emit('SIGHUP', 'SIGHUP')
  process.emit('SIGINT', 'SIGINT')
  expect(sent).toEqual(['SIGHUP', 'SIGKILL'])
  expect(process.listenerCount('SIGHUP')).toBe(before)
})

test('a signal that comes before the job waits for it', () => {
  const { relay, sent, send } = createRelay()
  process.emit('SIGTERM', 'SIGTERM')
  expect(sent).toEqual([])
  relay.passTo(send)
  expect(sent).toEqual(['SIGTERM'])
})

test('two signals before the job kill it', () => {
  const { relay, sent, send } = createRelay()
  process.emit('SIGTERM', 'SIGTERM')
  process.emit('SIGINT', 'SIGINT')
  relay.passTo(send)
  expect(sent).toEqual(['SIGKILL'])
})
