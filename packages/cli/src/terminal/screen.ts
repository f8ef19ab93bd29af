import { writeSync } from 'node:fs'

import { writeOut } from '../streams/stdout.ts'

/** What ends a program that does not handle it. */
const deadly = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

// See ctlseqs, "DEC Private Mode Set": 1049 is the alternate screen, 25 the cursor, 2026 an update that is shown at once.
const enter = '\u001B[?1049h\u001B[?25l'
const leave = '\u001B[?25h\u001B[?1049l'
const beginFrame = '\u001B[?2026h\u001B[H'
const endFrame = '\u001B[J\u001B[?2026l'

/** What is told of the terminal while it is drawn on. */
export interface ScreenEvents {
  /** A character was typed. */
  key(key: string): void
  /** All of it is to be drawn again. */
  redraw(): void
}

/**
 * The whole screen of our terminal, to draw on. It is as it was before once this is disposed of, and on each other way
 * out: an exception, `process.exit`, a signal that ends us. While we are stopped (Ctrl-Z), it is the shell's.
 */
export class Screen implements AsyncDisposable {
  readonly #events: ScreenEvents
  #drawing = Promise.resolve()
  #isDrawing = false
  #next: string | undefined
  #entered = false

  constructor(events: ScreenEvents) {
    this.#events = events
    this.#enter()
    process.on('exit', this.#restore)
    process.on('SIGWINCH', this.#redraw)
    process.on('SIGTSTP', this.#stop)
    process.on('SIGCONT', this.#resume)
    for (const signal of deadly) process.on(signal, this.#die)
    if (process.stdin.isTTY) process.stdin.on('data', this.#type)
  }

  /** Resolves when the terminal has what was drawn, and is as it was. */
  async [Symbol.asyncDispose](): Promise<void> {
    process.off('SIGWINCH', this.#redraw)
    process.off('SIGTSTP', this.#stop)
    process.off('SIGCONT', this.#resume)
    for (const signal of deadly) process.off(signal, this.#die)
    process.stdin.off('data', this.#type)
    await this.#leave()
    process.off('exit', this.#restore)
    if (process.stdin.isTTY) process.stdin.destroy()
  }

  /** How much there is to draw on. */
  get size(): { rows: number; columns: number } {
    const [columns, rows] = process.stdout.getWindowSize()
    return { rows: rows || 24, columns: columns || 80 }
  }

  /** Draws lines from the top, over what is there; what is drawn while the terminal is slow is left out but the last. */
  draw(lines: readonly string[]): void {
    if (!this.#entered) return
    this.#next = beginFrame + lines.map((line) => `${line}\u001B[K`).join('\r\n') + endFrame
    if (!this.#isDrawing) this.#drawing = this.#drawAll()
  }

  async #drawAll(): Promise<void> {
    this.#isDrawing = true
    try {
      while (this.#next !== undefined) {
        const frame = this.#next
        this.#next = undefined
        await writeOut(frame)
      }
    } catch {
      // The terminal is gone, which SIGHUP tells.
    } finally {
      this.#isDrawing = false
    }
  }

  #enter(): void {
    if (process.stdin.isTTY) process.stdin.setRawMode(true)
    writeSync(1, enter)
    this.#entered = true
  }

  /** What is being drawn would else come after it. */
  async #leave(): Promise<void> {
    this.#next = undefined
    await this.#drawing
    this.#restore()
  }

  readonly #restore = (): void => {
    if (!this.#entered) return
    this.#entered = false
    if (process.stdin.isTTY && !process.stdin.destroyed) process.stdin.setRawMode(false)
    try {
      writeSync(1, leave)
    } catch {
      // There is no terminal any more.
    }
  }

  /** In raw mode the terminal makes no signals of control characters. */
  readonly #type = (data: Buffer): void => {
    const text = data.toString('latin1')
    if (text === '\u0003') process.kill(process.pid, 'SIGINT')
    else if (text === '\u001A') process.kill(process.pid, 'SIGTSTP')
    // Longer ones are those of arrows and the like.
    else if (text.length === 1) this.#events.key(text)
  }

  readonly #redraw = (): void => this.#events.redraw()

  readonly #stop = (): void => {
    void this.#leave().then(() => process.kill(process.pid, 'SIGSTOP'))
  }

  readonly #resume = (): void => {
    this.#restore()
    this.#enter()
    this.#redraw()
  }

  readonly #die = (signal: NodeJS.Signals): void => {
    // A second one ends us at once.
    void this[Symbol.asyncDispose]().then(() => process.kill(process.pid, signal))
  }
}
