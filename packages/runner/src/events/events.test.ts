import { describe, expect, it } from 'vitest'

import { EventHub, type JobEvent } from './events.ts'

const removed = (name: string): JobEvent => ({ type: 'removed', name, at: new Date(0) })
const begin = async (): Promise<() => void> => () => {}

async function names(events: AsyncIterable<JobEvent>): Promise<string[]> {
  const found: string[] = []
  for await (const { name } of events) found.push(name)
  return found
}

describe('EventHub', () => {
  it('gives each listener all events since it asked', async () => {
    const hub = new EventHub()
    const early = hub.listen(begin)
    hub.emit(removed('a'))
    const late = hub.listen(begin)
    hub.emit(removed('b'))
    hub.close()
    expect(await names(early)).toEqual(['a', 'b'])
    expect(await names(late)).toEqual(['b'])
  })

  it('forgets a listener that left, also one that never began', async () => {
    const hub = new EventHub()
    let [begun, ended] = [0, 0]
    const count = async (): Promise<() => void> => {
      begun++
      return () => void ended++
    }
    const [first, second, waiting] = [hub.listen(count), hub.listen(count), hub.listen(count)]
    await first.return?.()
    hub.emit(removed('a'))
    for await (const _ of second) break
    await waiting.next()
    const next = waiting.next()
    await new Promise(setImmediate)
    await waiting.return?.()
    expect(await next).toMatchObject({ done: true })
    expect([hub.watched, begun, ended]).toEqual([false, 2, 2])
  })

  it('ends with the reason of an abort', async () => {
    const hub = new EventHub()
    const abort = new AbortController()
    const events = names(hub.listen(begin, abort.signal))
    abort.abort(new Error('enough'))
    await expect(events).rejects.toThrow('enough')
    await expect(names(hub.listen(begin, abort.signal))).rejects.toThrow('enough')
    expect(hub.watched).toBe(false)
  })

  it('says so when events are lost, and keeps no more of them', async () => {
    const hub = new EventHub()
    const events = hub.listen(begin)
    for (let i = 0; i <= 65_536; i++) hub.emit(removed('a'))
    expect(hub.watched).toBe(false)
    await expect(events.next()).rejects.toThrow(/events were lost/)
    expect(await events.next()).toMatchObject({ done: true })
  })

  it('keeps the order of many', async () => {
    const hub = new EventHub()
    const events = hub.listen(begin)
    const given = Array.from({ length: 5000 }, (_, index) => String(index))
    for (const name of given) hub.emit(removed(name))
    hub.close()
    expect(await names(events)).toEqual(given)
  })

  it('fails all listeners', async () => {
    const hub = new EventHub()
    const events = names(hub.listen(begin))
    hub.fail(new Error('no launcher'))
    await expect(events).rejects.toThrow('no launcher')
  })
})
