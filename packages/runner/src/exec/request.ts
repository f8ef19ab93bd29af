import type { JobSpec } from '../store/job-spec.ts'
import type { Field } from '../store/record.ts'
import type { CheckedExec } from './check.ts'

/** The fields that say what the command is; its fences are those of the job, which init has. */
export function execRequest({ command, env, cwd, account, timeoutMs }: CheckedExec, { isolation }: JobSpec): Field[] {
  const fields: Field[] = [['cwd', cwd]]
  if (account) {
    fields.push(['uid', account.uid], ['gid', account.gid])
    for (const group of account.groups) fields.push(['group', group])
    // As with a job's own user: what the profile leaves to root is not for others.
    if (account.uid !== 0 && !isolation.isAmbient && isolation.profile !== 'none') fields.push(['capabilities', 0])
  }
  if (timeoutMs !== null) fields.push(['timeout', timeoutMs])
  for (const word of command) fields.push(['arg', word])
  for (const [key, value] of Object.entries(env)) fields.push(['env', `${key}=${value}`])
  return fields
}
