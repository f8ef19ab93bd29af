import { expect, test } from 'vitest'

import { parseFilters } from './filters.ts'

test('labels add up, states are alternatives', () => {
  const filters = parseFilters(['label=team=shop', 'label=q=a=b', 'label=urgent', 'state=oom', 'state=timed-out'])
  expect(filters).toEqual({
    labels: { team: 'shop', q: 'a=b' },
    keys: ['urgent'],
    states: new Set(['oom', 'timed-out']),
  })
})

test.each(['team', 'label', 'label=', 'name=x', ''])('does not take %j', (filter) => {
  expect(() => parseFilters([filter])).toThrow(/label=KEY=VALUE/)
})

test('an unknown state is answered with the known ones', () => {
  expect(() => parseFilters(['state=running'])).toThrow(/'running'.*active, exited/)
})
