import { describe, expect, it } from 'vitest'

import { checkAbort, checkLabels, checkMs } from './values.ts'

describe('values', () => {
  it('has no time longer than a timer of Node takes', () => {
    expect(checkMs('graceMs', 2 ** 31 - 1, 0)).toBe(2 ** 31 - 1)
    for (const ms of [2 ** 31, -1, Number.NaN, '5', Infinity])
      expect(() => checkMs('graceMs', ms, 0)).toThrow(/^graceMs/)
  })

  it('keeps a label called __proto__, and refuses what is no object', () => {
    expect(Object.entries(checkLabels('labels', JSON.parse('{"__proto__":"v"}')))).toEqual([['__proto__', 'v']])
    for (const labels of [[], null, 'a', { a: 1 }, { '': 'a' }])
      expect(() => checkLabels('labels', labels)).toThrow(/^labels/)
  })

  it('wants an AbortSignal', () => {
    expect(() => checkAbort('signal', new AbortController().signal)).not.toThrow()
    expect(() => checkAbort('signal', 'SIGTERM')).toThrow(/an AbortSignal/)
  })
})
