import { expect } from 'vitest'

import type { JobManagerOptions } from '../../packages/daemon/src/jobs/index.ts'
import { Program } from '../faults/program.ts'

/** The program that has the jobs of a storage root until it is killed. */
export class JobsHost implements AsyncDisposable {
  readonly program: Program

  private constructor(program: Program) {
    this.program = program
  }

  /** Resolves once it knows what has become of its jobs. */
  static async open(options: JobManagerOptions): Promise<JobsHost> {
    const program = Program.run('../../daemon/programs/jobs-host.ts', [JSON.stringify(options)])
    await program.until('ready')
    return new JobsHost(program)
  }

  tell(id: string, verb: 'start' | 'stop' | 'remove', what: string): void {
    this.program.tell(`${id} ${verb} ${what}`)
  }

  /** Kills it; the names of the jobs that it had answered with by then, by the id of the order. */
  async kill(): Promise<Map<string, string>> {
    await this.program.kill()
    expect(this.program.said('refused')).toEqual([])
    return new Map(this.program.said('done').map((line) => line.split(' ') as [string, string]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]()
  }
}
