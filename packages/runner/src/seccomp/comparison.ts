import { type Label, offsets, opcodes, type Program } from './bpf.ts'
import type { Comparison } from './filter.ts'

/** Half of a 64-bit argument, with the mask and the value of this half. */
interface Word {
  offset: number
  mask: number
  value: number
}

/**
 * Puts a comparison of an argument before what is there, which runs on at one of two places. Arguments have 64 bits and
 * BPF's words 32: the upper half decides, unless it is equal.
 */
export function putComparison(program: Program, comparison: Comparison, whenTrue: Label, whenFalse: Label): Label {
  const { operator } = comparison
  if (operator === 'NE' || operator === 'LT' || operator === 'LE') {
    const opposite = { NE: 'EQ', LT: 'GE', LE: 'GT' } as const
    return putComparison(program, { ...comparison, operator: opposite[operator] }, whenFalse, whenTrue)
  }
  const [high, low] = split(comparison)
  if (operator === 'EQ' || operator === 'MASKED_EQ') {
    const next = putWord(program, low, opcodes.jumpIfEqual, whenTrue, whenFalse)
    return putWord(program, high, opcodes.jumpIfEqual, next, whenFalse)
  }
  const code = operator === 'GT' ? opcodes.jumpIfGreater : opcodes.jumpIfAtLeast
  const next = putWord(program, low, code, whenTrue, whenFalse)
  const ifEqual = program.branch(opcodes.jumpIfEqual, high.value, next, whenFalse)
  return load(program, high, program.branch(opcodes.jumpIfGreater, high.value, whenTrue, ifEqual))
}

/** Upper half, lower half: x86_64 and aarch64 are little-endian. */
function split({ index, value, mask }: Comparison): [Word, Word] {
  const offset = offsets.arguments + index * 8
  return [
    { offset: offset + 4, mask: Number(mask >> 32n), value: Number(value >> 32n) },
    { offset, mask: Number(mask & 0xffffffffn), value: Number(value & 0xffffffffn) },
  ]
}

/** Loads a word and compares it; where the mask leaves nothing of it, it is equal. */
function putWord(program: Program, word: Word, code: number, whenTrue: Label, whenFalse: Label): Label {
  if (word.mask === 0) return whenTrue
  return load(program, word, program.branch(code, word.value, whenTrue, whenFalse))
}

/** Puts the loading of a word right before the instruction that looks at it. */
function load(program: Program, { offset, mask }: Word, next: Label): Label {
  program.goTo(next)
  if (mask !== 0xffffffff) program.and(mask)
  return program.load(offset)
}
