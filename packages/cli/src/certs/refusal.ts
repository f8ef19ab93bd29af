import { InvalidOptionError } from '@corral/runner/errors'

import { UsageError } from '../outcome/usage-error.ts'

/** The error as the command line has it: what is called `name` there is an argument, and no option. */
export function inOurTerms(error: unknown): unknown {
  if (!(error instanceof InvalidOptionError) || error.option !== 'name') return error
  return new UsageError(`the name${error.message.slice('name'.length)}`, { cause: error })
}
