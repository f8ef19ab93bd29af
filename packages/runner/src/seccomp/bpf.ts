/** An instruction of classic BPF, struct sock_filter (linux/filter.h). */
export interface Instruction {
  code: number
  /** How many instructions are passed over when the comparison holds, at most 255. */
  whenTrue: number
  /** The same when it does not. */
  whenFalse: number
  operand: number
}

/** The opcodes that filters consist of: all among those that the kernel can run ahead of time, to tell which calls are always allowed (seccomp_is_const_allow). */
export const opcodes = {
  /** Loads 32 bits of struct seccomp_data (BPF_LD | BPF_W | BPF_ABS). */
  load: 0x20,
  /** Masks what was loaded (BPF_ALU | BPF_AND | BPF_K). */
  and: 0x54,
  jump: 0x05,
  jumpIfEqual: 0x15,
  jumpIfGreater: 0x25,
  jumpIfAtLeast: 0x35,
  return: 0x06,
} as const

/** Where things are in struct seccomp_data (linux/seccomp.h), in bytes. */
export const offsets = { number: 0, architecture: 4, arguments: 16 } as const

/** The kernel takes no longer program (BPF_MAXINSNS, linux/bpf_common.h). */
export const maxInstructions = 4096

/** An instruction's place, counted from the end of the program; it stays the same while instructions are put before it. */
export type Label = number

const maxSkip = 255

/**
 * A program that is written from its end to its beginning, so that all that an instruction jumps to is there already.
 * The distance to a jump's target has 8 bits; where that is too near, a jump of 32 bits is put between.
 */
export class Program {
  readonly #backwards: Instruction[] = []
  /** Where the nearest instruction is that returns a value. */
  readonly #returns = new Map<number, Label>()

  /** The instruction that was put last, which is the first to be run. */
  get first(): Label {
    return this.#backwards.length
  }

  /** Runs on at a place. */
  goTo(target: Label): Label {
    return target === this.first ? target : this.#put(opcodes.jump, this.first - target)
  }

  /** Ends with a value; what is there already is used again. */
  return(value: number, max = maxSkip): Label {
    const known = this.#returns.get(value)
    if (known !== undefined && this.#skip(known) <= max) return known
    const label = this.#put(opcodes.return, value)
    this.#returns.set(value, label)
    return label
  }

  /** Loads a word. What comes next in the program is what was put before. */
  load(offset: number): Label {
    return this.#put(opcodes.load, offset)
  }

  /** Masks the word. */
  and(mask: number): Label {
    return this.#put(opcodes.and, mask)
  }

  /** Compares the word, and runs on at one of two places. */
  branch(code: number, operand: number, whenTrue: Label, whenFalse: Label): Label {
    // Two jumps in between may be needed, and the second of them moves the first one away by one.
    const near = this.#reach(whenTrue, maxSkip - 1)
    const other = this.#reach(whenFalse, maxSkip)
    return this.#put(code, operand, this.#skip(near), this.#skip(other))
  }

  /** As the kernel takes it: struct sock_filter[], in the byte order of x86_64 and aarch64. */
  assemble(): Uint8Array {
    const view = new DataView(new ArrayBuffer(this.#backwards.length * 8))
    this.#backwards.toReversed().forEach(({ code, whenTrue, whenFalse, operand }, index) => {
      view.setUint16(index * 8, code, true)
      view.setUint8(index * 8 + 2, whenTrue)
      view.setUint8(index * 8 + 3, whenFalse)
      view.setUint32(index * 8 + 4, operand, true)
    })
    return new Uint8Array(view.buffer)
  }

  /** What an instruction that is put now has to pass over. */
  #skip(target: Label): number {
    return this.first - target
  }

  /** A place from which the target is reached, and that is not too far away. */
  #reach(target: Label, max: number): Label {
    if (this.#skip(target) <= max) return target
    const { code, operand } = this.#backwards[target - 1]!
    return code === opcodes.return ? this.return(operand, max) : this.#put(opcodes.jump, this.#skip(target))
  }

  #put(code: number, operand: number, whenTrue = 0, whenFalse = 0): Label {
    this.#backwards.push({ code, operand, whenTrue, whenFalse })
    return this.first
  }
}
