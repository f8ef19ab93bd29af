import { createHash } from 'node:crypto'

import { InvalidOptionError } from '@corral/runner'

import type { StartOrder } from '../contract.ts'
import { encodeConfig } from '../record/config-json.ts'
import { checkRestart } from '../restart/policy.ts'

/** What tells the attempts of a job that is started again: no name of a client's ends so. */
const attemptSuffix = /:\d+$/

/** Longest name of a job whose attempts are numbered: 128 characters with the number. */
const mostRestartedName = 118

const mostRequestId = 128

/** Most characters of all labels of a job, keys and values. */
const mostLabels = 16 * 1024

/**
 * Checks what of an order the library does not check.
 * @throws {InvalidOptionError}
 */
export function checkOrder({ config, requestId, restart, priority, whenFull, streamsInput }: StartOrder): void {
  checkRestart(restart)
  checkName(config.name, restart.mode !== 'never')
  checkLabels(config.labels)
  if (requestId !== undefined && !(requestId.length > 0 && requestId.length <= mostRequestId)) {
    throw new InvalidOptionError('requestId', requestId, `1 to ${mostRequestId} characters`)
  }
  if (!Number.isSafeInteger(priority)) throw new InvalidOptionError('priority', priority, 'a whole number')
  if (whenFull !== 'queue' && whenFull !== 'refuse') {
    throw new InvalidOptionError('whenFull', whenFull, "'queue' or 'refuse'")
  }
  if (streamsInput && restart.mode !== 'never') {
    const accepted = "'never' for a job whose standard input is streamed: what the first attempt has read is gone"
    throw new InvalidOptionError('restart.mode', restart.mode, accepted)
  }
}

/** They are in memory for as long as the job is, and in each of its events. */
function checkLabels(labels: Readonly<Record<string, string>> = {}): void {
  const characters = Object.entries(labels).flat().join('').length
  if (characters <= mostLabels) return
  throw new InvalidOptionError('labels', `${characters} characters`, `at most ${mostLabels} characters in all`)
}

function checkName(name: string | undefined, isRestarted: boolean): void {
  if (name === undefined) return
  // It becomes the name of a file before the library has checked it in full.
  if (!/^[A-Za-z0-9][\w.:-]{0,127}$/.test(name)) {
    throw new InvalidOptionError('name', name, 'letters, digits and _ . : - (first a letter or digit), at most 128')
  }
  if (attemptSuffix.test(name)) {
    const accepted = 'a name that does not end in a colon and digits, which tell the attempts of a job'
    throw new InvalidOptionError('name', name, accepted)
  }
  if (isRestarted && name.length > mostRestartedName) {
    const accepted = `at most ${mostRestartedName} characters for a job that is started again`
    throw new InvalidOptionError('name', name, accepted)
  }
}

/**
 * Tells a request that was sent twice from another one with the same id, by what the caller has said himself: what a policy
 * adds may have changed meanwhile.
 */
export function fingerprintOf({ config, restart, streamsInput }: StartOrder): string {
  const { command, name = '', env = {}, cwd = '', labels = {}, stdin = '', files = {} } = config
  const said = encodeConfig({ command, name, env, cwd, labels, files, ...(streamsInput ? {} : { stdin }) })
  return createHash('sha256').update(said).update(restart.mode).digest('hex').slice(0, 32)
}
