import { InvalidOptionError } from '../errors/mistakes.ts'
import { actions, noSuchCall } from './actions.ts'
import { type Label, maxInstructions, offsets, opcodes, Program } from './bpf.ts'
import { putComparison } from './comparison.ts'
import type { Filter } from './filter.ts'
import { type Machine, machines, type Target } from './target.ts'
import { resolve, type Verdict, type Verdicts } from './verdicts.ts'

/**
 * Compiles a filter to the program that seccomp(2) loads: struct sock_filter[].
 *
 * A system call of another architecture ends the process, and one of x32 does not exist. What follows is a binary search
 * among ranges of numbers with the same verdict, at whose leaves arguments are compared one by one.
 * @throws {InvalidOptionError} when the program would be longer than the kernel takes.
 */
export function compileSeccomp(filter: Filter, target: Target, place = 'seccomp'): Uint8Array {
  const program = new Program()
  const machine = machines[target.arch]
  const search = putSearch(program, divide(resolve(filter, target)))
  putEntry(program, machine, search)
  if (program.first <= maxInstructions) return program.assemble()
  const accepted = `a profile of at most ${maxInstructions} instructions`
  throw new InvalidOptionError(place, `one of ${program.first} instructions`, accepted)
}

/** Checks the architecture and loads the number. */
function putEntry(program: Program, { table, foreignBit }: Machine, search: Label): void {
  const foreign = program.return(actions.KILL_PROCESS)
  let next = search
  if (foreignBit !== null) next = program.branch(opcodes.jumpIfAtLeast, foreignBit, program.return(noSuchCall), next)
  program.goTo(next)
  const load = program.load(offsets.number)
  program.branch(opcodes.jumpIfEqual, table.auditArch, load, foreign)
  program.load(offsets.architecture)
}

/** Numbers with the same verdict, from one on up to where the next range begins. */
interface Range {
  from: number
  verdict: Verdict
}

/** Divides all numbers into ranges. */
function divide({ known, unknown }: Verdicts): Range[] {
  const ranges: Range[] = []
  const end = Math.max(...known.keys()) + 1
  for (let number = 0; number <= end; number++) {
    const verdict = known.get(number) ?? unknown
    if (ranges.at(-1)?.verdict !== verdict) ranges.push({ from: number, verdict })
  }
  return ranges
}

/** Puts a balanced tree over ranges: the lower half is what comes next, the upper half is jumped to. */
function putSearch(program: Program, ranges: readonly Range[]): Label {
  if (ranges.length === 1) return putVerdict(program, ranges[0]!.verdict)
  const middle = ranges.length >> 1
  const upper = putSearch(program, ranges.slice(middle))
  const lower = putSearch(program, ranges.slice(0, middle))
  return program.branch(opcodes.jumpIfAtLeast, ranges[middle]!.from, upper, lower)
}

/** Puts a leaf. Each case, when it does not match, runs on at the next one. */
function putVerdict(program: Program, { cases, otherwise }: Verdict): Label {
  let next = program.return(otherwise)
  for (const { comparisons, action } of cases.toReversed()) {
    const whenFalse = next
    let whenTrue = program.return(action)
    for (const comparison of comparisons.toReversed()) {
      whenTrue = putComparison(program, comparison, whenTrue, whenFalse)
    }
    next = whenTrue
  }
  return next
}
