import { describe, expect, it } from 'vitest'

import { opcodes, Program } from './bpf.ts'

/** Distances around the longest that 8 bits hold. */
const distances = Array.from({ length: 12 }, (_, at) => 248 + at)
const pairs = distances.flatMap((one) => distances.map((other) => [one, other] as const))

/** A program of as many instructions, each with an operand of its own. */
function fill(length: number, put: (program: Program, operand: number) => void): Program {
  const program = new Program()
  for (let operand = 0; operand < length; operand++) put(program, operand)
  return program
}

/** The operand of the instruction at which a program that begins with a branch arrives, over jumps. */
function arrive(program: Program, isTrue: boolean): number {
  const bytes = program.assemble()
  const view = new DataView(bytes.buffer)
  let at = 1 + view.getUint8(isTrue ? 2 : 3)
  while (view.getUint16(at * 8, true) === opcodes.jump) at += 1 + view.getUint32(at * 8 + 4, true)
  return view.getUint32(at * 8 + 4, true)
}

describe('a branch', () => {
  it.each([
    ['instructions', (program: Program, operand: number) => void program.load(operand)],
    ['returns', (program: Program, operand: number) => void program.return(operand)],
  ])('arrives at %s however far they are', (_, put) => {
    for (const [one, other] of pairs) {
      const program = fill(300, put)
      const [whenTrue, whenFalse] = [program.first - one, program.first - other]
      program.branch(opcodes.jumpIfEqual, 0, whenTrue, whenFalse)
      expect([arrive(program, true), arrive(program, false)]).toEqual([whenTrue - 1, whenFalse - 1])
    }
  })
})
