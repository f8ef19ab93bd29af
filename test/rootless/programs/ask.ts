/**
 * Runs a job, as whatever user this is, and says as JSON what became of it. argv[2] has what the runner and the job are
 * given, and what is done with the job once it has printed `ready`.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { CgroupRunner, type ExecConfig, type JobConfig, type RunnerConfig } from '@corral/runner'

interface Request {
  config: RunnerConfig
  job: JobConfig
  /** Default: it is waited for. */
  action?: 'stop' | 'kill' | 'freeze' | 'update'
  /** A further command in the job. */
  exec?: ExecConfig
}

const { config, job, action, exec } = JSON.parse(process.argv[2]!) as Request

async function untilReady(runner: CgroupRunner, name: string): Promise<void> {
  let said = ''
  for await (const chunk of runner.output(name)) {
    said += Buffer.from(chunk).toString()
    if (said.includes('ready\n')) return
  }
}

async function ask(): Promise<object> {
  await using runner = await CgroupRunner.open(config)
  const name = await runner.start(job)
  if (action || exec) await untilReady(runner, name)
  const execOutput = exec && (await text((await runner.exec(name, exec)).output()))
  const running = await runner.status(name)
  const { ownUid, spec, collectedPath } = await runner.inspect(name)
  if (action === 'freeze') await runner.freeze(name)
  if (action === 'update') await runner.update(name, { pidsMax: 5 })
  if (action === 'kill') await runner.kill(name, 'SIGKILL')
  const status = action === 'stop' ? await runner.stop(name, { keepOutput: true }) : await runner.wait(name)
  return {
    ...{ running, status, ownUid, spec, execOutput, output: await text(runner.output(name)) },
    copies: await readCopies(collectedPath),
    changes: spec.isolation.keepChanges ? await Array.fromAsync(runner.changes(name)) : [],
  }
}

/** What was collected, by its path in the job. */
async function readCopies(folder: string | null): Promise<Record<string, string>> {
  if (folder === null) return {}
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const read = files.map(async (file) => [file.slice(folder.length), await readFile(file, 'utf8')] as const)
  return Object.fromEntries(await Promise.all(read))
}

try {
  console.log(JSON.stringify(await ask()))
} catch (error) {
  const { name, code, syscall, message } = error as Error & { code?: string; syscall?: string }
  console.log(JSON.stringify({ error: { name, code, syscall, message } }))
}
