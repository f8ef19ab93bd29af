import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { nodeProgram } from '../support/node-programs.ts'

/** A Node program of `programs/` that runs, and the lines it has said. */
export class Program implements AsyncDisposable {
  readonly lines: string[] = []
  readonly child: ChildProcess
  /** Resolves with what it has said on stderr once it is gone. */
  readonly end: Promise<string>
  #ended = false
  readonly #waiting = new Set<() => void>()

  private constructor(child: ChildProcess) {
    this.child = child
    let stderr = ''
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.stdin!.on('error', () => {})
    createInterface(child.stdout!).on('line', (line) => {
      this.lines.push(line)
      this.#wake()
    })
    this.end = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', () => {
        this.#ended = true
        this.#wake()
        resolve(stderr)
      })
    })
  }

  /** Runs a program; `before` is a command line that is to run it. */
  static run(program: string, args: readonly string[], before: readonly string[] = []): Program {
    const file = join(import.meta.dirname, 'programs', program)
    const words = [...before, ...nodeProgram(file), ...args]
    return new Program(spawn(words[0]!, words.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] }))
  }

  get pid(): number {
    return this.child.pid!
  }

  /** The rest of the lines that begin with a word. */
  said(word: string): string[] {
    return this.lines.filter((line) => line.split(' ')[0] === word).map((line) => line.slice(word.length + 1))
  }

  /** Waits until it has said so many lines that begin with a word; gives the rest of the last of them. */
  async until(word: string, count = 1): Promise<string> {
    for (;;) {
      const found = this.said(word)
      if (found.length >= count) return found[count - 1]!
      if (this.#ended) {
        const how = this.child.signalCode ?? this.child.exitCode
        throw new Error(`it ended (${how}) before it said '${word}': ${this.lines.join('\n')}${await this.end}`)
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  tell(line: string): void {
    this.child.stdin!.write(`${line}\n`)
  }

  /** Ends its input, and waits until it is gone. */
  async finish(): Promise<void> {
    this.child.stdin!.end()
    const stderr = await this.end
    if (this.child.exitCode !== 0)
      throw new Error(`it ended with ${this.child.exitCode ?? this.child.signalCode}: ${stderr}`)
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.end
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) await this.kill()
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }
}
