import type { Execution } from '@corral/runner'

import type { ManagedExecution, OutputPart, OutputRange } from '../contract.ts'
import { type InputChannel, inputGone } from '../input/channel.ts'

const newline = 0x0a

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

async function* readOutput(
  execution: Execution,
  { from, tail, follow, signal }: OutputRange,
  attempt: number,
): AsyncGenerator<OutputPart, void, undefined> {
  let offset = from ?? 0
  if (tail !== undefined) {
    offset = await tailOffset(execution, tail, signal)
    yield { offset, attempt, data: new Uint8Array() }
  }
  for await (const data of execution.output({ from: offset, follow, signal })) {
    yield { offset, attempt, data }
    offset += data.length
  }
}

/** Where the last so many lines begin of what is there now. How long that is nobody tells: it is read once. */
async function tailOffset(execution: Execution, lines: number, signal: AbortSignal): Promise<number> {
  const begins = [0]
  let end = 0
  for await (const data of execution.output({ follow: false, signal })) {
    for (let at = data.indexOf(newline); at >= 0; at = data.indexOf(newline, at + 1)) {
      begins.push(end + at + 1)
      if (begins.length > lines + 1) begins.shift()
    }
    end += data.length
  }
  if (begins.at(-1) === end) begins.pop()
  return lines === 0 ? end : (begins.at(-lines) ?? begins[0] ?? end)
}
