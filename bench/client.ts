/**
 * The process in which one scenario runs: a fresh one each, since what a `spawn` costs depends on the size of the process
 * that spawns. It is given the scenario's name and context as arguments, and sends the sections to its parent.
 */
import type { Context, Section } from './scenario.ts'
import { type ScenarioName, scenarios } from './scenarios.ts'

/** What the client sends. */
export type ClientMessage = { sections: Section[] } | { failure: string }

const cleanup = new AsyncDisposableStack()

async function runScenario(): Promise<void> {
  const [name, given] = process.argv.slice(2) as [ScenarioName, string]
  const context: Context = { ...(JSON.parse(given) as Omit<Context, 'cleanup'>), cleanup }
  const run = await scenarios[name]()
  await send(
    await run(context).then(
      (sections) => ({ sections }),
      (error: Error) => ({ failure: error.stack ?? String(error) }),
    ),
  )
  await leave(0)
}

/** Sends and waits until it is sent. */
async function send(message: ClientMessage): Promise<void> {
  if (process.connected) await new Promise((resolve) => process.send!(message, resolve))
}

let leaving: Promise<never> | undefined

/** Releases what is held, once, whoever asks for it: the terminal and the parent both do. */
async function leave(status: number): Promise<void> {
  leaving ??= cleanup
    .disposeAsync()
    .catch((error: Error) => void process.stderr.write(`bench: clean-up: ${error.message}\n`))
    .then(() => process.exit(status))
  await leaving
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void leave(130))
// The parent was killed.
process.once('disconnect', () => void leave(130))
await runScenario()
