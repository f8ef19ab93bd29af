import { appendFileSync } from 'node:fs'

import type { Skip } from '../vm/requirements.ts'

/** Skips a test with a reason that a person can act on; where everything must work, that is a failure. */
export function skipTest(skip: (note: string) => void, reason: Skip): never {
  const note = `${reason.why}; to run it: ${reason.unskip}`
  if (process.env['CORRAL_MUST_WORK'] === '1') throw new Error(`${reason.what} must work here: ${note}`)
  const list = process.env['CORRAL_SKIP_FILE']
  if (list !== undefined) appendFileSync(list, `${JSON.stringify(reason)}\n`)
  skip(note)
  throw new Error(`vitest has not skipped: ${note}`)
}
