import type { ManagedRestart, ManagedStartOptions } from '@corral/api'
import { type Command, InvalidArgumentError } from 'commander'

import { UsageError } from '../outcome/usage-error.ts'
import { integer } from './parsers.ts'

/** What only a daemon can do with a job, as the parser calls it. */
export interface ManagedOptions {
  restart?: ManagedRestart
  priority?: number
  /** False with `--no-queue`, and with nothing else. */
  queue?: boolean
}

export function addManaged(command: Command): Command {
  return command
    .optionsGroup('With a daemon:')
    .option(
      '--restart <when>',
      "start it again after its end: 'never', 'on-failure', 'on-failure:N' (at most N times), or 'always' (default: never)",
      restart,
    )
    .option(
      '--priority <n>',
      'when more jobs wait than may run, those with a higher one go first (default: 0)',
      integer,
    )
    .option('--no-queue', 'fail when no more jobs may run, instead of waiting for a turn')
}

/**
 * What is asked of a daemon with a job.
 * @throws {UsageError} when something is, and there is none.
 */
export function givenManaged({ restart, priority, queue }: ManagedOptions, isRemote: boolean): ManagedStartOptions {
  const asked = [
    restart !== undefined && '--restart',
    priority !== undefined && '--priority',
    queue === false && '--no-queue',
  ].find((flag) => flag !== false)
  if (!isRemote && asked !== undefined) {
    throw new UsageError(
      `${asked} takes a daemon, which stays to see to it: name one with --host or --context ('corral context --help')`,
    )
  }
  return {
    ...(restart !== undefined && { restart }),
    ...(priority !== undefined && { priority }),
    ...(queue === false && { whenFull: 'refuse' }),
  }
}

function restart(text: string): ManagedRestart {
  const [, mode, most] = /^(never|always|on-failure)(?::(\d{1,6}))?$/.exec(text) ?? []
  if (mode === undefined || (most !== undefined && mode !== 'on-failure')) {
    throw new InvalidArgumentError('Accepted: never, on-failure, on-failure:N, always.')
  }
  return { mode: mode as ManagedRestart['mode'], ...(most !== undefined && { maxRestarts: Number(most) }) }
}
