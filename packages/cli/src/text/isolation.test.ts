import type { JobSpec } from '@corral/runner'
import { expect, test } from 'vitest'

import { describeIsolation } from './isolation.ts'

const standard = {
  profile: 'standard',
  root: 'host',
  network: 'none',
  seccomp: 'default',
  mounts: [],
  ownUser: null,
} as unknown as JobSpec['isolation']

test.each([
  [{}, 'standard, root host, network none, seccomp default'],
  [{ root: { directory: '/r', access: 'overlay' } }, 'standard, root /r (overlay), network none, seccomp default'],
  [{ ownUser: { first: 1, count: 2 } }, 'standard, root host, network none, seccomp default, a user of its own'],
  [{ mounts: [{}, {}] }, 'standard, root host, network none, seccomp default, 2 mounts'],
])('%j', (changes, text) => expect(describeIsolation({ ...standard, ...changes } as JobSpec['isolation'])).toBe(text))
