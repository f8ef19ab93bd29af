import { create } from '@bufbuild/protobuf'
import type { JobConfig as LibraryConfig, Signal } from '@corral/runner'

import { type JobConfig, JobConfigSchema, WorkdirSchema } from '../gen/corral/v1/job_pb.ts'
import { collectFromProto, collectToProto } from './collect.ts'
import { environmentFromProto, environmentToProto } from './environment.ts'
import { FieldError } from './field-error.ts'
import { filesFromProto, filesToProto } from './files.ts'
import { givenFlag, givenRecord, givenText, givenTextOrNumber, givenTexts, refuseOthers } from './given.ts'
import { isolationFromProto, isolationToProto } from './isolation.ts'
import { limitOptions, limitsFromProto, limitsToProto, pickLimits } from './limits.ts'
import { present } from './present.ts'
import { stdinFromProto, stdinToProto } from './stdin.ts'
import { terminalSizeFromProto, ttyToProto } from './terminal.ts'
import { durationFromProto, durationToProto } from './time.ts'

const options = [
  ...limitOptions,
  'command',
  'name',
  'env',
  'cwd',
  'user',
  'group',
  'noLimits',
  'isolation',
  'workdir',
  'files',
  'collect',
  'stdin',
  'tty',
  'labels',
  'timeoutMs',
  'stopSignal',
  'stopGraceMs',
  'shim',
  'outputMax',
] as const satisfies readonly (keyof LibraryConfig)[]

/**
 * What a start is to be asked for. Of a stream that is to be the standard input it says only that there is one.
 * @throws {FieldError} by the option's name: what is not of the right kind, and what only a local runner has.
 */
export function jobConfigToProto(config: LibraryConfig): JobConfig {
  refuseOthers('', config, options)
  refuseShim(config.shim)
  const { isolation, collect, stdin, timeoutMs, stopGraceMs } = config
  const limits = pickLimits(config)
  return create(JobConfigSchema, {
    command: givenTexts('command', config.command),
    name: givenText('name', config.name) ?? '',
    ...environmentToProto(config.env),
    cwd: givenText('cwd', config.cwd),
    user: givenTextOrNumber('user', config.user),
    group: givenTextOrNumber('group', config.group),
    noLimits: givenFlag('noLimits', config.noLimits) ?? false,
    limits: limits && limitsToProto(limits),
    isolation: isolation === undefined ? undefined : isolationToProto(isolation),
    workdir: workdirToProto(config.workdir),
    files: filesToProto(config.files),
    collect: collect === undefined ? undefined : collectToProto(collect),
    stdin: stdin === undefined ? undefined : stdinToProto(stdin),
    tty: ttyToProto(config.tty),
    labels: givenRecord('labels', config.labels, labelToProto),
    timeout: timeoutMs === undefined ? undefined : durationToProto('timeoutMs', timeoutMs),
    stopSignal: givenText('stopSignal', config.stopSignal),
    stopGrace: stopGraceMs === undefined ? undefined : durationToProto('stopGraceMs', stopGraceMs),
    outputMax: givenTextOrNumber('outputMax', config.outputMax),
  })
}

/**
 * What the library is to be asked for. Standard input that comes in messages of its own is left out, see `streamsInput`.
 * @throws {FieldError} by the field's path, which begins with `at`.
 */
export function jobConfigFromProto(message: JobConfig, at = 'config'): LibraryConfig {
  const { name, limits, isolation, collect, stdin, tty, timeout, stopGrace, labels } = message
  return present<LibraryConfig>({
    ...(limits && limitsFromProto(limits)),
    command: message.command,
    name: name === '' ? undefined : name,
    env: environmentFromProto(message, at),
    cwd: message.cwd,
    user: message.user,
    group: message.group,
    noLimits: message.noLimits || undefined,
    isolation: isolation && isolationFromProto(isolation, `${at}.isolation`),
    workdir: workdirFromProto(message.workdir),
    files: filesFromProto(message.files),
    collect: collect && collectFromProto(collect, `${at}.collect`),
    stdin: stdin && stdinFromProto(stdin, `${at}.stdin`),
    tty: tty && terminalSizeFromProto(tty),
    labels: Object.keys(labels).length === 0 ? undefined : labels,
    timeoutMs: timeout && durationFromProto(`${at}.timeout`, timeout),
    stopSignal: message.stopSignal as Signal | undefined,
    stopGraceMs: stopGrace && durationFromProto(`${at}.stop_grace`, stopGrace),
    outputMax: message.outputMax,
  })
}

/** A shim is the caller's own program, which the daemon's host does not have. */
function refuseShim(shim: unknown): void {
  if (shim !== undefined && shim !== 'native') throw new FieldError('shim', shim, "'native' on a daemon")
}

function workdirToProto(workdir: unknown): JobConfig['workdir'] {
  if (workdir === undefined) return undefined
  if (workdir === 'private') return create(WorkdirSchema)
  if (typeof workdir === 'string') throw new FieldError('workdir', workdir, "'private' or { size }")
  refuseOthers('workdir', workdir, ['size'])
  const { size } = workdir as Record<string, unknown>
  return create(WorkdirSchema, { size: givenTextOrNumber('workdir.size', size) })
}

function workdirFromProto(workdir: JobConfig['workdir']): LibraryConfig['workdir'] | undefined {
  return workdir && (workdir.size === undefined ? 'private' : { size: workdir.size })
}

function labelToProto(option: string, label: unknown): string {
  if (typeof label === 'string') return label
  throw new FieldError(option, label, 'a string')
}
