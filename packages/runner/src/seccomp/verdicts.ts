import { compareSeverity, isAllowing, noSuchCall } from './actions.ts'
import type { Action, Comparison, Condition, Filter, Rule } from './filter.ts'
import { isAtLeast } from './kernel.ts'
import { machines, type Target } from './target.ts'

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
  const { defaultAction, rules } = filter
  const { numbers } = machines[target.arch].table
  const constant = makeConstants()
  const absent = constant(isAllowing(defaultAction) ? defaultAction : noSuchCall)
  const groups = groupRules(filter, target)
  const named = new Set(rules.flatMap(({ names }) => names))
  const newest = newestOf(named, numbers)
  const known = new Map<number, Verdict>()
  for (const name of Object.keys(numbers)) {
    const number = numbers[name]!
    const isUnforeseen = !named.has(name) && (number > newest || name === 'clone3')
    known.set(number, isUnforeseen ? absent : decide(groups.get(name) ?? [], defaultAction, constant))
  }
  return { known, unknown: absent }
}

/** Makes verdicts that hold for all arguments, each of them once, so that they are told apart by what they are. */
function makeConstants(): (action: Action) => Verdict {
  const made = new Map<Action, Verdict>()
  return (action) => {
    const verdict = made.get(action) ?? { cases: [], otherwise: action }
    made.set(action, verdict)
    return verdict
  }
}

/** The rules that apply to the target, by the system calls that they name. */
function groupRules({ rules }: Filter, target: Target): Map<string, readonly Rule[]> {
  const { goName } = machines[target.arch]
  const groups = new Map<string, readonly Rule[]>()
  for (const rule of rules) {
    if (!applies(rule.includes, rule.excludes, target, goName)) continue
    const alone = [rule]
    for (const name of rule.names) {
      const before = groups.get(name)
      groups.set(name, before ? [...before, rule] : alone)
    }
  }
  return groups
}

/** The highest number that any of the names has. */
function newestOf(names: Iterable<string>, numbers: Readonly<Record<string, number>>): number {
  let newest = 0
  for (const name of names) {
    if (Object.hasOwn(numbers, name)) newest = Math.max(newest, numbers[name]!)
  }
  return newest
}

/** Whether all that a rule includes holds, and nothing that it excludes. */
function applies(includes: Condition, excludes: Condition, target: Target, goName: string): boolean {
  const { capabilities, kernel } = target
  if (includes.capabilities?.some((capability) => !capabilities.includes(capability))) return false
  if (excludes.capabilities?.some((capability) => capabilities.includes(capability))) return false
  if (includes.architectures?.includes(goName) === false) return false
  if (excludes.architectures?.includes(goName)) return false
  if (includes.minKernel && !isAtLeast(kernel, includes.minKernel)) return false
  return !(excludes.minKernel && isAtLeast(kernel, excludes.minKernel))
}

/** Puts the rules of one system call in order, the most severe first, and leaves out those that change nothing. */
function decide(rules: readonly Rule[], defaultAction: Action, constant: (action: Action) => Verdict): Verdict {
  const [first] = rules
  if (first === undefined) return constant(defaultAction)
  // So it is for nearly all.
  if (rules.length === 1 && first.comparisons.length === 0) return constant(first.action)
  const effective = rules.filter(({ comparisons, action }) => comparisons.length > 0 || action !== defaultAction)
  const sorted = effective.toSorted((a, b) => compareSeverity(a.action, b.action))
  const last = sorted.findIndex(({ comparisons }) => comparisons.length === 0)
  const otherwise = last === -1 ? defaultAction : sorted[last]!.action
  const cases = last === -1 ? sorted : sorted.slice(0, last)
  const end = cases.findLastIndex(({ action }) => action !== otherwise)
  return end === -1 ? constant(otherwise) : { cases: cases.slice(0, end + 1), otherwise }
}
