import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The program that makes system calls which Node has not: what the build has made, or that of the machine's package. */
export function syscallProgram(): string {
  const built = fileURLToPath(import.meta.resolve('#syscall'))
  if (existsSync(built)) return built
  try {
    return fileURLToPath(import.meta.resolve(`@corral/launcher-linux-${process.arch}/corral-syscall`))
  } catch {
    return built
  }
}
