import { expect, test } from 'vitest'

import { urisOf } from './certificate.ts'

test('URIs are found among alternative names of all kinds', () => {
  const names = 'DNS:example.org, IP Address:10.0.0.7, URI:spiffe://example.org/a, email:a@example.org, URI:https://b'
  expect(urisOf(names)).toEqual(['spiffe://example.org/a', 'https://b'])
  expect(urisOf(undefined)).toEqual([])
})

test('what is within quotes is one value, whatever it looks like', () => {
  expect(urisOf('DNS:"a, URI:spiffe://forged"')).toEqual([])
  expect(urisOf(String.raw`DirName:"CN=\"x\", URI:spiffe://forged", URI:"https://a/?b=\"c\",d"`)).toEqual([
    'https://a/?b="c",d',
  ])
})

test('what is not of that form names nobody', () => {
  for (const names of ['URI:a"b', 'URI', 'URI:"open', 'DNS:a,URI:b', ', URI:a']) expect(urisOf(names)).toBeUndefined()
})
