import { describe, expect, it } from 'vitest'

import { InvalidOptionError } from '../errors/mistakes.ts'
import { checkEnvironment } from './environment.ts'

describe('checkEnvironment', () => {
  it('lays what is given over the defaults, and takes away what is undefined', () => {
    const env = checkEnvironment({ TERM: undefined, LANG: 'C', A: '' }, null)
    expect(env).toMatchObject({ LANG: 'C', A: '' })
    expect(Object.keys(env)).not.toContain('TERM')
  })

  it('keeps a variable called __proto__', () => {
    const env = checkEnvironment(JSON.parse('{"__proto__":"v"}'), null)
    expect(Object.entries(env)).toContainEqual(['__proto__', 'v'])
  })

  it('names the user', () => {
    const account = { uid: 1, gid: 1, groups: [1], name: 'ada', home: '/home/ada' }
    expect(checkEnvironment(undefined, account)).toMatchObject({ USER: 'ada', LOGNAME: 'ada', HOME: '/home/ada' })
  })

  it.each([[['A=1']], ['A=1'], [null], [{ 'A=': '1' }], [{ '': '1' }], [{ A: 1 }], [{ A: 'a\0b' }]])(
    'refuses %j',
    (env) => {
      expect(() => checkEnvironment(env, null)).toThrow(InvalidOptionError)
    },
  )
})
