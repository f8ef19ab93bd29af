import { create } from '@bufbuild/protobuf'
import type { ExecConfig as LibraryConfig } from '@corral/runner'

import { type ExecConfig, ExecConfigSchema } from '../gen/corral/v1/job_pb.ts'
import { environmentFromProto, environmentToProto } from './environment.ts'
import { givenText, givenTextOrNumber, givenTexts, refuseOthers } from './given.ts'
import { present } from './present.ts'
import { stdinFromProto, stdinToProto } from './stdin.ts'
import { terminalSizeFromProto, ttyToProto } from './terminal.ts'
import { durationFromProto, durationToProto } from './time.ts'

const options = [
  'command',
  'env',
  'cwd',
  'user',
  'group',
  'stdin',
  'tty',
  'timeoutMs',
] as const satisfies readonly (keyof LibraryConfig)[]

/**
 * A further command; what cancels it, `signal`, stays with the caller.
 * @throws {FieldError} by the option's name.
 */
export function execConfigToProto(config: LibraryConfig): ExecConfig {
  refuseOthers('', config, [...options, 'signal'])
  const { stdin, timeoutMs } = config
  return create(ExecConfigSchema, {
    command: givenTexts('command', config.command),
    ...environmentToProto(config.env),
    cwd: givenText('cwd', config.cwd),
    user: givenTextOrNumber('user', config.user),
    group: givenTextOrNumber('group', config.group),
    stdin: stdin === undefined ? undefined : stdinToProto(stdin),
    tty: ttyToProto(config.tty),
    timeout: timeoutMs === undefined ? undefined : durationToProto('timeoutMs', timeoutMs),
  })
}

/**
 * Standard input that comes in messages of its own is left out, see `streamsInput`.
 * @throws {FieldError} by the field's path, which begins with `at`.
 */
export function execConfigFromProto(message: ExecConfig, at = 'config'): LibraryConfig {
  const { stdin, tty, timeout } = message
  return present<LibraryConfig>({
    command: message.command,
    env: environmentFromProto(message, at),
    cwd: message.cwd,
    user: message.user,
    group: message.group,
    stdin: stdin && stdinFromProto(stdin, `${at}.stdin`),
    tty: tty && terminalSizeFromProto(tty),
    timeoutMs: timeout && durationFromProto(`${at}.timeout`, timeout),
  })
}
