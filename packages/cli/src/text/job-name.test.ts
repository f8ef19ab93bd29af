import { expect, test } from 'vitest'

import { shortName } from './job-name.ts'

test('only generated names are shortened', () => {
  expect(shortName('job.1f2e3d4c-1111-2222-3333-444455556666')).toBe('job.1f2e3d4c')
  expect(shortName('a-rather-long-name-of-somebodys-own-choice')).toBe('a-rather-long-name-of-somebodys-own-choice')
})
