import { InvalidOptionError } from '@corral/runner/errors'
import { expect, it } from 'vitest'

import { checkExec } from '../../../runner/src/exec/check.ts'
import { checkIsolation } from '../../../runner/src/isolation/check.ts'
import { checkConfig, checkUpdate } from '../../../runner/src/job/check.ts'
import { limitScales } from './bounds.ts'
import { execOptions } from './exec.ts'
import { isolationOptions } from './isolation.ts'
import { jobOptions } from './job.ts'

const odd = { thereIsNone: 1 } as never

/** The library names all its options when it is given one that there is none of. */
async function optionsOf(check: () => unknown): Promise<string[]> {
  const refusal = await (async () => check())().then(
    () => new Error('nothing was refused'),
    (error: unknown) => error as InvalidOptionError,
  )
  if (!(refusal instanceof InvalidOptionError)) throw refusal
  return refusal.accepted.replace(/^.*?(?:only|one of) /, '').split(', ')
}

it.each([
  ['start', () => checkConfig(odd, ''), jobOptions],
  ['isolation', () => checkIsolation(odd, undefined), isolationOptions],
  ['exec', () => checkExec(odd, odd, null), execOptions],
  ['update', () => checkUpdate(odd), Object.keys(limitScales)],
] as const)('there is a rule for each option of %s', async (_what, check, known) => {
  expect(known.toSorted()).toEqual((await optionsOf(check)).toSorted())
})
