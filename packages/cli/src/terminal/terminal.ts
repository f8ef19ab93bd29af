import { spawnSync } from 'node:child_process'

import type { TerminalSize } from '@corral/runner'

import { UsageError } from '../outcome/usage-error.ts'

/** What ends a program that does not handle it, with no word to it before. */
const deadly = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

/** The size of a terminal that does not tell it. */
const unknownSize: TerminalSize = { columns: 80, rows: 24 }

/** How large our terminal is. */
export function terminalSize(): TerminalSize {
  const stream = [process.stdout, process.stderr].find(({ isTTY }) => isTTY)
  const [columns, rows] = stream?.getWindowSize() ?? []
  return columns && rows ? { columns, rows } : unknownSize
}

/** @throws {UsageError} when there is no terminal to connect a job's with. */
export function requireTerminal(): void {
  if (process.stdin.isTTY) return
  throw new UsageError('--tty: our standard input is no terminal; --interactive alone passes it on as it is')
}

/**
 * Our terminal in raw mode: what is typed, control characters included, is the job's to make sense of. It is as it was
 * before once this is disposed of, and on each other way out: an exception, `process.exit`, a signal that ends us.
 */
export class RawTerminal implements Disposable {
  constructor() {
    this.#enter()
    process.on('exit', this.#restore)
    process.on('SIGCONT', this.#resume)
    for (const signal of deadly) process.on(signal, this.#die)
  }

  [Symbol.dispose](): void {
    this.#restore()
    process.off('exit', this.#restore)
    process.off('SIGCONT', this.#resume)
    for (const signal of deadly) process.off(signal, this.#die)
  }

  #enter(): void {
    process.stdin.setRawMode(true)
    // Node leaves it to the terminal to make CR LF of each LF, which the job's has done already: programs that draw on the
    // whole screen mean an LF as it is. What was before is known to Node, which brings all of it back.
    spawnSync('stty', ['-opost'], { stdio: [0, 'ignore', 'ignore'] })
  }

  readonly #restore = (): void => {
    if (!process.stdin.destroyed) process.stdin.setRawMode(false)
  }

  /** The shell has made it its own meanwhile. */
  readonly #resume = (): void => {
    this.#restore()
    this.#enter()
  }

  /** When nobody else handles the signal, it is to end us, as if we did not either. */
  readonly #die = (signal: NodeJS.Signals): void => {
    if (process.listenerCount(signal) > 1) return
    this[Symbol.dispose]()
    process.kill(process.pid, signal)
  }
}

/** Tells of each change of our terminal's size until it is disposed of. */
export class SizeWatch implements Disposable {
  readonly #onChange: () => void

  constructor(onChange: (size: TerminalSize) => void) {
    this.#onChange = () => onChange(terminalSize())
    process.on('SIGWINCH', this.#onChange)
  }

  [Symbol.dispose](): void {
    process.off('SIGWINCH', this.#onChange)
  }
}
