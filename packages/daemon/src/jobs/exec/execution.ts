import type { Execution } from '@corral/runner'

import type { ManagedExecution, OutputPart, OutputRange } from '../contract.ts'
import { type InputChannel, inputGone } from '../input/channel.ts'
import { outputPart, partsFrom } from '../output/parts.ts'

/** A further command as the daemon gives it. */
export function managedExecution(
  execution: Execution,
  channel: InputChannel | undefined,
  attempt: number,
): ManagedExecution {
  return {
    output: (range) => readOutput(execution, range, attempt),
    wait: (signal) => execution.wait({ signal }),
    kill: (signal) => execution.kill(signal),
    resize: (size) => execution.resize(size),
    async writeInput(part) {
      if (!channel) throw inputGone(`a command in job ${execution.job}`)
      return channel.write(part)
    },
    remove: () => execution.remove(),
  }
}

/** The output of a further command; where the last lines begin is told at once. */
async function* readOutput(
  execution: Execution,
  { from = 0, tail, follow, signal }: OutputRange,
  attempt: number,
): AsyncGenerator<OutputPart, void, undefined> {
  const start = tail === undefined ? from : await tailOffset(execution, tail, signal)
  if (tail !== undefined) yield { offset: start, attempt, data: new Uint8Array() }
  for await (const part of partsFrom(start, (options) => execution.output({ ...options, follow, signal }))) {
    yield outputPart(part, 0, attempt)
  }
}

/** Where the last so many lines begin of what is there now. */
async function tailOffset(execution: Execution, tail: number, signal: AbortSignal): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const stream = execution.output({ tail, follow: false, onStart: resolve, signal })
  const reader = stream.getReader()
  reader.closed.catch(reject)
  try {
    return await promise
  } finally {
    await reader.cancel().catch(() => {})
  }
}
