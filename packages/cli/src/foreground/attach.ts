import type { JobConfig, TerminalSize } from '@corral/runner'

import { RawTerminal, requireTerminal, SizeWatch, terminalSize } from '../terminal/terminal.ts'

/** How a command is connected with our standard input. Default: not at all. */
export interface AttachOptions {
  interactive?: boolean
  tty?: boolean
}

/** What of our terminal and our standard input a command in the foreground has, until it is disposed of. */
export class Attachment implements Disposable {
  /** The options that say it, of a job or of a further command. */
  readonly config: Pick<JobConfig, 'stdin' | 'tty'>
  readonly #isTerminal: boolean
  readonly #open = new DisposableStack()

  /** @throws {UsageError} when a terminal is wanted, and there is none. */
  constructor({ interactive = false, tty = false }: AttachOptions) {
    if (tty) requireTerminal()
    this.#isTerminal = tty
    this.config = {
      ...(interactive && { stdin: this.#open.adopt(process.stdin, closeInput).iterator({ destroyOnReturn: false }) }),
      ...(tty && { tty: terminalSize() }),
    }
  }

  /** The command runs: from now on it gets what is typed, and hears of changes of the size. */
  begin(resize: (size: TerminalSize) => Promise<void>): void {
    if (!this.#isTerminal) return
    if (this.config.stdin !== undefined) this.#open.use(new RawTerminal())
    // A command that has just ended needs to hear of nothing.
    this.#open.use(new SizeWatch((size) => void resize(size).catch(() => {})))
  }

  [Symbol.dispose](): void {
    this.#open.dispose()
  }
}

/** Open, it would keep this process waiting for somebody to type. */
function closeInput(): void {
  process.stdin.destroy()
}
