import { type ChildProcess, spawn } from 'node:child_process'

import { program } from '../support/programs.ts'
import { bin, type Corral, Running } from './corral.ts'

/** corral in a terminal, and what is typed at it. */
export class Typing extends Running {
  #pid = ''

  constructor(child: ChildProcess) {
    super(child)
    child.stderr!.on('data', (text: string) => (this.#pid += text))
  }

  type(text: string): void {
    this.child.stdin!.write(text)
  }

  /** Makes the terminal 50 rows and 90 columns. */
  resize(): void {
    this.child.kill('SIGUSR1')
  }

  /** Sends corral itself a signal. */
  kill(signal: NodeJS.Signals): void {
    process.kill(Number(this.#pid.split('\n')[0]), signal)
  }
}

/** Starts corral in a terminal of 40 rows and 120 columns; the last line on stdout says how it ended and left that. */
export function inTerminal(corral: Corral, ...words: string[]): Typing {
  const command = [process.execPath, bin, ...words]
  return new Typing(spawn(program('in-pty'), command, { stdio: 'pipe', cwd: corral.folder, env: corral.env }))
}
