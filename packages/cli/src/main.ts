import { runProgram } from './program.ts'
import { StdoutClosedError, writeOut } from './streams/stdout.ts'

/** The exit status of a program whose reader went away: 128 + SIGPIPE. */
const stdoutClosed = 141

/** Runs `corral` with the arguments that follow the program's name; resolves to its exit status and never rejects. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const { exitStatus, out, err } = await runProgram(argv)
    if (err !== '') process.stderr.write(err)
    if (out !== '') await writeOut(out)
    return exitStatus
  } catch (error) {
    if (error instanceof StdoutClosedError) return stdoutClosed
    const { reportError } = await import('./outcome/report.ts')
    return reportError(error)
  }
}
