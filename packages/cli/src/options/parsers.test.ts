import { InvalidArgumentError } from 'commander'
import { describe, expect, test } from 'vitest'

import { count, countOrMax, pair, signal, variable } from './parsers.ts'

describe('signal', () => {
  test.each(['TERM', 'SIGTERM', 'term', 'sigterm', '15'])('takes %s', (text) => expect(signal(text)).toBe('SIGTERM'))
  test.each(['', 'SIG', 'TERMINATE', '0', '99'])('does not take %j', (text) => {
    expect(() => signal(text)).toThrow(InvalidArgumentError)
  })
})

describe('numbers', () => {
  test('are whole', () => {
    expect(count('12')).toBe(12)
    for (const text of ['', '-1', '1.5', '1e3', 'x']) expect(() => count(text)).toThrow(InvalidArgumentError)
  })
  test('may be max where that is said', () => {
    expect(countOrMax('max')).toBe('max')
    expect(countOrMax('64')).toBe(64)
    expect(() => countOrMax('min')).toThrow(/'max'/)
  })
})

describe('pairs', () => {
  test('gather, the last of a key winning, and keep further equal signs', () => {
    expect(pair('a=3', pair('b=x=y', pair('a=1')))).toEqual({ a: '3', b: 'x=y' })
    expect(pair('empty=')).toEqual({ empty: '' })
  })
  test.each(['novalue', '=x', ''])('do not take %j', (text) => expect(() => pair(text)).toThrow(/KEY=VALUE/))
})

test('a variable without a value is the one we were given, and its lack is said', () => {
  expect(variable('PATH')).toEqual({ PATH: process.env['PATH'] })
  expect(() => variable('CORRAL_NO_SUCH_VARIABLE')).toThrow(/CORRAL_NO_SUCH_VARIABLE=VALUE/)
})
