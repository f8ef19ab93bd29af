import type { ExecConfig } from '@corral/runner'

import { ForbiddenOptionError } from './forbidden.ts'
import { admitName, admitStdin, forced } from './job.ts'
import type { Rules } from './rules.ts'

/** Each option of the library's: one that is not here is refused, and the types say that it is missing. */
const judges: {
  readonly [Option in keyof Required<ExecConfig>]: (value: ExecConfig[Option], rules: Rules) => ExecConfig[Option]
} = {
  command: (value) => value,
  env: (value, rules) => forced('env', value, rules.env),
  cwd: (value) => value,
  // Without one, it is the job's.
  user: (value, rules) => (value === undefined ? value : admitName('user', value, rules.user, rules.users)),
  group: (value, rules) => (value === undefined ? value : admitName('group', value, rules.group, rules.groups)),
  stdin: admitStdin,
  tty: (value) => value,
  timeoutMs: (value) => value,
  signal: (value) => value,
}

/** The options of the library that there is a rule for. */
export const execOptions: readonly string[] = Object.keys(judges)

/**
 * A further command with what the rules force. It is in its job's fences, whatever it is.
 * @throws {ForbiddenOptionError}
 */
export function admitExec(config: ExecConfig, rules: Rules): ExecConfig {
  for (const [option, value] of Object.entries(config)) {
    if (!Object.hasOwn(judges, option)) throw new ForbiddenOptionError(option, value, `only ${execOptions.join(', ')}`)
  }
  const admitted = Object.entries(judges).map(([option, judge]) => {
    const value = config[option as keyof ExecConfig]
    return [option, (judge as (value: unknown, rules: Rules) => unknown)(value, rules)] as const
  })
  return Object.fromEntries(admitted.filter(([, value]) => value !== undefined)) as unknown as ExecConfig
}
