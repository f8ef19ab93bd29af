import { InvalidOptionError } from '../errors/mistakes.ts'
import { parseAction } from './parse-action.ts'
import { parseComparisons } from './parse-arguments.ts'
import { parseCondition } from './parse-condition.ts'
import { checkFields, checkList, checkText } from './fields.ts'
import type { Filter, Rule } from './filter.ts'

const profileFields = [
  '$schema',
  'comment',
  'defaultAction',
  'defaultErrnoRet',
  'defaultErrno',
  'architectures',
  'archMap',
  'flags',
  'syscalls',
] as const

const ruleFields = ['names', 'name', 'action', 'errnoRet', 'errno', 'args', 'comment', 'includes', 'excludes'] as const

/**
 * Checks a profile in the form of `SeccompProfile`.
 * @param place what it is called in errors.
 * @throws {InvalidOptionError} for the first thing that is not accepted, with its place: `seccomp.syscalls[3].args[0].op`.
 */
export function parseSeccomp(profile: unknown, place = 'seccomp'): Filter {
  const fields = checkFields(place, profile, profileFields)
  const defaultAction = parseAction(place, {
    action: ['defaultAction', fields.defaultAction],
    number: ['defaultErrnoRet', fields.defaultErrnoRet],
    name: ['defaultErrno', fields.defaultErrno],
  })
  checkList(`${place}.architectures`, fields.architectures, checkArchitecture)
  checkList(`${place}.archMap`, fields.archMap, checkArchitectures)
  checkList(`${place}.flags`, fields.flags, checkFlag)
  return { defaultAction, rules: checkList(`${place}.syscalls`, fields.syscalls, parseRule) }
}

function parseRule(place: string, value: unknown): Rule {
  const fields = checkFields(place, value, ruleFields)
  return {
    names: parseNames(place, fields.names, fields.name),
    action: parseAction(place, {
      action: ['action', fields.action],
      number: ['errnoRet', fields.errnoRet],
      name: ['errno', fields.errno],
    }),
    comparisons: parseComparisons(`${place}.args`, fields.args),
    includes: parseCondition(`${place}.includes`, fields.includes),
    excludes: parseCondition(`${place}.excludes`, fields.excludes),
  }
}

function parseNames(place: string, names: unknown, name: unknown): string[] {
  if (names === undefined && name !== undefined) return [checkText(`${place}.name`, name)]
  if (name !== undefined) throw new InvalidOptionError(`${place}.name`, name, 'either names or name')
  if (!Array.isArray(names) || names.length === 0) {
    throw new InvalidOptionError(`${place}.names`, names, 'the names of one system call or more')
  }
  // There are hundreds: places are made only for those that are wrong.
  const wrong = names.findIndex((each) => typeof each !== 'string' || each === '')
  if (wrong !== -1) checkText(`${place}.names[${wrong}]`, names[wrong])
  return names as string[]
}

function checkArchitecture(place: string, value: unknown): void {
  if (typeof value === 'string' && /^SCMP_ARCH_[A-Z0-9_]+$/.test(value)) return
  throw new InvalidOptionError(place, value, "an architecture's name, such as 'SCMP_ARCH_X86_64'")
}

function checkArchitectures(place: string, value: unknown): void {
  const fields = checkFields(place, value, ['architecture', 'subArchitectures'])
  checkArchitecture(`${place}.architecture`, fields.architecture)
  checkList(`${place}.subArchitectures`, fields.subArchitectures, checkArchitecture)
}

/** TSYNC is for programs of several threads; SPEC_ALLOW would take mitigations away. */
const idleFlags = ['SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW']

function checkFlag(place: string, value: unknown): void {
  if (idleFlags.includes(value as string)) return
  throw new InvalidOptionError(place, value, `${idleFlags.join(' or ')}, which have no effect; no other can be had`)
}
