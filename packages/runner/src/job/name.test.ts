import { describe, expect, it } from 'vitest'

import { checkName, checkPrefix, freshName } from './name.ts'

describe('checkName', () => {
  it.each(['a', '0', 'job.1', 'runner', 'runner.x', 'tasks.1', 'cpu', 'memory-hog', 'a'.repeat(128)])(
    'accepts %s',
    (name) => {
      expect(checkName('name', name)).toBe(name)
    },
  )

  it.each(['', '.', '..', '.a', '-a', 'a/b', 'a b', 'a\n', 'ä', 'a'.repeat(129), 1, null, undefined])(
    'refuses %j',
    (name) => {
      expect(() => checkName('name', name)).toThrow(/^name: received/)
    },
  )

  it.each(['tasks', 'notify_on_release', 'release_agent', 'cgroup.procs', 'memory.max', 'cpu.x'])(
    'refuses %s, which is a file of the kernel',
    (name) => {
      expect(() => checkName('name', name)).toThrow(/not named like a cgroup file/)
    },
  )
})

describe('checkPrefix', () => {
  it('leaves room for a UUID', () => {
    const longest = checkPrefix('jobNamePrefix', 'a'.repeat(92))
    expect(checkName('name', freshName(longest))).toHaveLength(128)
    expect(() => checkPrefix('jobNamePrefix', 'a'.repeat(93))).toThrow(/at most 92/)
  })

  it('may be nothing', () => {
    expect(checkName('name', freshName(checkPrefix('jobNamePrefix', '')))).toHaveLength(36)
  })
})
