import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

/** The launcher that users run. */
export const launcherPath = join(import.meta.dirname, '../../packages/runner/native/corral-launcher')

/** A launcher that the test has started itself, before any runner, with an idle time of its own. */
export class LauncherProcess implements AsyncDisposable {
  readonly child: ChildProcess
  /** Resolves with its exit status once it is gone; null: a signal ended it. */
  readonly end: Promise<number | null>
  #stderr = ''

  private constructor(child: ChildProcess) {
    this.child = child
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    // Not `close`: jobs' inits have its stderr too.
    this.end = new Promise((resolve) => child.once('exit', resolve))
  }

  /** Starts a launcher on a storage root, which is made when it is not there, and waits until it listens. */
  static async start(
    storageRoot: string,
    idleMs: number,
    { program = launcherPath, env = {} }: { program?: string; env?: Record<string, string> } = {},
  ): Promise<LauncherProcess> {
    await mkdir(storageRoot, { recursive: true, mode: 0o700 })
    const child = spawn(program, [storageRoot, String(idleMs)], { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] })
    const launcher = new LauncherProcess(child)
    let said = ''
    await new Promise<void>((resolve) => {
      child.once('error', () => resolve())
      child.stdout.once('close', () => resolve())
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes('\n')) resolve()
      })
    })
    child.stdout.destroy()
    if (said !== 'ready\n') throw new Error(`the launcher said ${JSON.stringify(said)}: ${launcher.stderr}`)
    return launcher
  }

  get pid(): number {
    return this.child.pid!
  }

  /** What it and the processes that it has forked have said on stderr so far. */
  get stderr(): string {
    return this.#stderr
  }

  /** Ends it as a crash would, if it is still there. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL')
    await this.end
    this.child.stderr!.destroy()
  }
}
