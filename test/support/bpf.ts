/** Runs programs of classic BPF as the kernel does, in order to tell what a seccomp filter answers. */

/** A system call, as a filter sees it (struct seccomp_data). */
export interface Call {
  auditArch: number
  number: number
  arguments: readonly bigint[]
}

/** struct sock_filter. */
interface Instruction {
  code: number
  whenTrue: number
  whenFalse: number
  operand: number
}

/** Reads a program, and refuses what the kernel refuses (bpf_check_classic, seccomp_check_filter). */
export function readProgram(bytes: Uint8Array): Instruction[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const program = Array.from({ length: bytes.length / 8 }, (_, at) => ({
    code: view.getUint16(at * 8, true),
    whenTrue: view.getUint8(at * 8 + 2),
    whenFalse: view.getUint8(at * 8 + 3),
    operand: view.getUint32(at * 8 + 4, true),
  }))
  program.forEach(({ code, whenTrue, whenFalse, operand }, at) => {
    const isJump = (code & 7) === 5
    const next = code === 0x05 ? [operand] : [whenTrue, whenFalse]
    if (isJump && next.some((skip) => at + 1 + skip >= program.length)) throw new Error(`${at}: jumps out`)
    if (code === 0x20 && (operand % 4 !== 0 || operand >= 64)) throw new Error(`${at}: loads from ${operand}`)
  })
  if (program.at(-1)?.code !== 0x06) throw new Error('the last instruction is no return')
  return program
}

/** Runs a program as the kernel does. */
export function runProgram(program: readonly Instruction[], call: Call): { answer: number; steps: number } {
  const data = new DataView(new ArrayBuffer(64))
  data.setUint32(0, call.number, true)
  data.setUint32(4, call.auditArch, true)
  call.arguments.forEach((argument, index) => data.setBigUint64(16 + index * 8, argument, true))
  let word = 0
  for (let at = 0, steps = 1; ; at++, steps++) {
    const { code, whenTrue, whenFalse, operand } = program[at]!
    if (code === 0x06) return { answer: operand, steps }
    if (code === 0x20) word = data.getUint32(operand, true)
    else if (code === 0x54) word = (word & operand) >>> 0
    else if (code === 0x05) at += operand
    else if (code === 0x15) at += word === operand ? whenTrue : whenFalse
    else if (code === 0x25) at += word > operand ? whenTrue : whenFalse
    else if (code === 0x35) at += word >= operand ? whenTrue : whenFalse
    else throw new Error(`${at}: an instruction 0x${code.toString(16)}`)
  }
}
