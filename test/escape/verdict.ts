import { execFile } from 'node:child_process'
import { constants } from 'node:os'

import { CorralError, type CgroupRunner, type Isolation } from '@corral/runner'

import { runJob } from '../support/jobs.ts'
import { program } from '../support/programs.ts'

/** A program of `programs/`, or any by its path, and its arguments. */
export type Command = readonly [program: string, ...words: string[]]

/** A job that makes attempts. */
export interface Fence {
  isolation: Isolation
  user?: string | undefined
}

/** What the exit statuses of an attempt mean: programs/attempt.h. */
const words = ['escaped', 'refused', 'broken', 'absent']

/** Makes an attempt in a job of its own. */
export async function run(runner: CgroupRunner, command: Command, { isolation, user }: Fence): Promise<string> {
  const config = { command: resolve(command), isolation, ...(user !== undefined && { user }) }
  try {
    const { output, status } = await runJob(runner, config)
    if (status.signal !== null) return `refused: ${status.signal}`
    return judge(output, status.exitStatus!)
  } catch (error) {
    // That a program may not even be executed is a refusal, too.
    if (error instanceof CorralError && error.code === 'COMMAND_NOT_EXECUTABLE' && error.errno === 'EPERM')
      return 'refused: EPERM'
    throw error
  }
}

/** Makes several attempts in one job, one after the other: where starting jobs takes long. */
export async function runAll(runner: CgroupRunner, commands: readonly Command[], fence: Fence): Promise<string[]> {
  const { isolation, user } = fence
  const config = { command: wordsOf(commands), isolation, ...(user !== undefined && { user }) }
  return parse((await runJob(runner, config)).output, commands)
}

/** The command that makes several attempts. */
export function wordsOf(commands: readonly Command[]): string[] {
  return [program('batch'), ...commands.flatMap((command) => [...resolve(command), ';'])]
}

/** What came of each, by the output of that command. */
export function parse(output: string, commands: readonly Command[]): string[] {
  const ends = [...output.matchAll(/((?:.|\n)*?)^= (-?\d+)\n/gm)]
  if (ends.length !== commands.length) throw new Error(`${ends.length} of ${commands.length} attempts: ${output}`)
  return ends.map(([, text = '', status]) =>
    Number(status) < 0 ? signalled(-Number(status)) : judge(text, Number(status)),
  )
}

/** Makes an attempt on the host, by a command that ends with the attempt's. */
export async function runOnHost(by: readonly string[], command: Command): Promise<string> {
  const [file, ...rest] = [...by, ...resolve(command)] as [string, ...string[]]
  return new Promise((resolvePromise, reject) => {
    const child = execFile(file, rest, (error, stdout, stderr) => {
      if (child.exitCode === null) reject(error ?? new Error('it was killed'))
      else resolvePromise(judge(stdout || stderr, child.exitCode))
    })
  })
}

function resolve([name, ...rest]: Command): string[] {
  return [name.startsWith('/') ? name : program(name), ...rest]
}

function signalled(number: number): string {
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0]
  return `refused: ${name ?? number}`
}

/** The last line of an attempt, which begins with the word for its exit status. */
function judge(output: string, exitStatus: number): string {
  const line = output.trimEnd().split('\n').at(-1) ?? ''
  if (exitStatus !== 2 && line.startsWith(`${words[exitStatus]}: `)) return line
  return `broken: exit status ${exitStatus}: ${output}`
}
