import type { CgroupRunner, JobConfig, JobStatus, OutputOptions } from '@corral/runner'

/** How a job that was run to its end went. */
export interface Run {
  name: string
  output: string
  status: JobStatus
}

/** Runs a job to its end. */
export async function runJob(runner: CgroupRunner, config: JobConfig): Promise<Run> {
  const name = await runner.start(config)
  const [output, status] = await Promise.all([readText(runner, name), runner.wait(name)])
  return { name, output, status }
}

/** All of a job's output, to its end. */
export async function readBytes(runner: CgroupRunner, name: string, options?: OutputOptions): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(runner.output(name, options)))
}

/** All of a job's output as text, to its end. */
export async function readText(runner: CgroupRunner, name: string, options?: OutputOptions): Promise<string> {
  return (await readBytes(runner, name, options)).toString()
}

/** Waits until a job's output matches: it has come so far. */
export async function untilOutput(runner: CgroupRunner, name: string, pattern: RegExp | string): Promise<string> {
  let text = ''
  for await (const chunk of runner.output(name)) {
    text += Buffer.from(chunk).toString('latin1')
    if (typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text)) return text
  }
  throw new Error(`the job ended without printing ${pattern}: ${text}`)
}

/** Starts a job and waits until it has printed `ready`. */
export async function startReady(runner: CgroupRunner, config: JobConfig): Promise<string> {
  const name = await runner.start(config)
  await untilOutput(runner, name, 'ready\n')
  return name
}
