import { compareSeverity, isAllowing, noSuchCall } from './actions.ts'
import type { Action, Comparison, Condition, Filter, Rule } from './filter.ts'
import { isAtLeast } from './kernel.ts'
import { type Machine, machines, type Target } from './target.ts'

/** What becomes of a system call: the first case that matches, else what is said last. */
export interface Verdict {
  cases: readonly Case[]
  otherwise: Action
}

export interface Case {
  /** All must hold. */
  comparisons: readonly Comparison[]
  action: Action
}

/** Verdicts by the number of the system call. */
export interface Verdicts {
  known: ReadonlyMap<number, Verdict>
  /** Of numbers that are not known. */
  unknown: Verdict
}

/**
 * Resolves a filter for a target.
 *
 * Where the default is to refuse, system calls that the profile's author cannot have known, since they are newer than
 * the newest that the profile names, or are in no table, do not exist (ENOSYS), as with runc: a C library that tries
 * them falls back on what the profile does allow. So it is for clone3 where no rule names it: its flags lie in memory,
 * where no filter sees them, and for any other errno glibc would give up.
 */
export function resolve(filter: Filter, target: Target): Verdicts {
  const machine = machines[target.arch]
  const { numbers } = machine.table
  const absent = constant(isAllowing(filter.defaultAction) ? filter.defaultAction : noSuchCall)
  const rules = groupRules(filter, target, machine)
  const named = new Set(filter.rules.flatMap(({ names }) => names))
  const newest = [...named].reduce((max, name) => Math.max(max, numberOf(numbers, name) ?? 0), 0)
  const known = new Map<number, Verdict>()
  for (const [name, number] of Object.entries(numbers)) {
    const isUnforeseen = !named.has(name) && (number > newest || name === 'clone3')
    known.set(number, isUnforeseen ? absent : decide(rules.get(number) ?? [], filter.defaultAction))
  }
  return { known, unknown: absent }
}

/** What holds for all arguments. */
function constant(action: Action): Verdict {
  return { cases: [], otherwise: action }
}

/** The rules that apply to the target, by the number of each system call that they name. */
function groupRules({ rules }: Filter, target: Target, machine: Machine): Map<number, Rule[]> {
  const groups = new Map<number, Rule[]>()
  for (const rule of rules.filter(({ includes, excludes }) => applies(includes, excludes, target, machine))) {
    for (const name of rule.names) {
      const number = numberOf(machine.table.numbers, name)
      if (number === undefined) continue
      const group = groups.get(number)
      if (group) group.push(rule)
      else groups.set(number, [rule])
    }
  }
  return groups
}

function numberOf(numbers: Readonly<Record<string, number>>, name: string): number | undefined {
  return Object.hasOwn(numbers, name) ? numbers[name] : undefined
}

/** Whether all that a rule includes holds, and nothing that it excludes. */
function applies(includes: Condition, excludes: Condition, target: Target, { goName }: Machine): boolean {
  const { capabilities, kernel } = target
  if (includes.capabilities?.some((capability) => !capabilities.includes(capability))) return false
  if (excludes.capabilities?.some((capability) => capabilities.includes(capability))) return false
  if (includes.architectures?.includes(goName) === false) return false
  if (excludes.architectures?.includes(goName)) return false
  if (includes.minKernel && !isAtLeast(kernel, includes.minKernel)) return false
  return !(excludes.minKernel && isAtLeast(kernel, excludes.minKernel))
}

/** Puts the rules of one system call in order, the most severe first, and leaves out those that change nothing. */
function decide(rules: readonly Rule[], defaultAction: Action): Verdict {
  const effective = rules.filter(({ comparisons, action }) => comparisons.length > 0 || action !== defaultAction)
  const sorted = effective.toSorted((a, b) => compareSeverity(a.action, b.action))
  const last = sorted.findIndex(({ comparisons }) => comparisons.length === 0)
  const otherwise = last === -1 ? defaultAction : sorted[last]!.action
  const cases = last === -1 ? sorted : sorted.slice(0, last)
  const end = cases.findLastIndex(({ action }) => action !== otherwise)
  return { cases: cases.slice(0, end + 1), otherwise }
}
