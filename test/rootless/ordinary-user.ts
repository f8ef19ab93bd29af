import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Change, ExecConfig, JobConfig, JobDescription, JobStatus, RunnerConfig } from '@corral/runner'

import { nodeProgram } from '../support/node-programs.ts'
import { skipTest } from '../support/skip.ts'

/** An ordinary user, who has no entry in the host's databases. */
export const userId = 4343

/** What the program `ask` says. */
export interface Answer {
  running: JobStatus
  status: JobStatus
  ownUid: number | null
  spec: JobDescription['spec']
  output: string
  /** Of the further command. */
  execOutput?: string
  /** What was collected, by its path in the job. */
  copies: Record<string, string>
  changes: Change[]
  error?: { name: string; code?: string; syscall?: string; message: string }
}

export interface Question {
  config?: RunnerConfig
  job: Partial<JobConfig>
  action?: 'stop' | 'kill' | 'freeze' | 'update'
  /** A further command in the job, once that has printed `ready`. */
  exec?: ExecConfig
}

/** An ordinary user of this host, with a storage root of its own. */
export class OrdinaryUser {
  readonly #folder: string
  readonly #before: readonly string[]

  private constructor(folder: string, before: readonly string[]) {
    this.#folder = folder
    this.#before = before
  }

  /** One for whom root has set no ids aside. */
  static async plain(folder: string, skip: (note: string) => void): Promise<OrdinaryUser> {
    return OrdinaryUser.#make(folder, skip, [])
  }

  /**
   * One for whom root has set ids aside, 300000 and what follows, and who has a name: in a mount namespace, where files
   * of /etc are others than the host's. `binds`: further files that are.
   */
  static async withIds(
    folder: string,
    skip: (note: string) => void,
    { count = 65_536, binds = {} }: { count?: number; binds?: Record<string, string> } = {},
  ): Promise<OrdinaryUser> {
    const lack = spawnSync('newuidmap').error ? 'newuidmap' : existsSync('/etc/subuid') ? undefined : '/etc/subuid'
    if (lack !== undefined) {
      const unskip = 'apt-get install uidmap; touch /etc/subuid /etc/subgid'
      skipTest(skip, { what: 'ids that root has set aside', why: `there is no ${lack}`, unskip })
    }
    const files: Record<string, string> = {
      '/etc/passwd': `root:x:0:0::/root:/bin/sh\ndaemon:x:1:1::/:/bin/sh\nordinary:x:${userId}:${userId}::/home:/bin/sh\n`,
      '/etc/group': `root:x:0:\ndaemon:x:1:\ngames:x:60:daemon\nordinary:x:${userId}:\n`,
      '/etc/subuid': `ordinary:300000:${count}\n`,
      '/etc/subgid': `ordinary:300000:${count}\n`,
      ...binds,
    }
    const mounts: string[] = []
    await mkdir(join(folder, 'etc'), { recursive: true })
    for (const [index, [path, text]] of Object.entries(files).entries()) {
      const file = join(folder, 'etc', String(index))
      await writeFile(file, text, { mode: path.startsWith('/usr') ? 0o755 : 0o644 })
      mounts.push(`mount --bind ${file} ${path}`)
    }
    return OrdinaryUser.#make(folder, skip, ['unshare', '--mount', 'sh', '-c', `${mounts.join('; ')}; exec "$@"`, 'sh'])
  }

  static async #make(folder: string, skip: (note: string) => void, before: readonly string[]): Promise<OrdinaryUser> {
    const user = [...before, 'setpriv', `--reuid=${userId}`, `--regid=${userId}`, '--clear-groups']
    const [program] = nodeProgram('')
    if (spawnSync('setpriv', [`--reuid=${userId}`, '--clear-groups', 'test', '-x', program!]).status !== 0) {
      skipTest(skip, {
        what: 'jobs of an ordinary user',
        why: `no ordinary user can execute ${program}`,
        unskip: 'check the repository out where others can read it',
      })
    }
    const root = join(folder, 'home')
    await mkdir(root)
    await chown(root, userId, userId)
    await chmod(root, 0o700)
    return new OrdinaryUser(folder, user)
  }

  /** Runs a job without a cgroup, if nothing else is said, and tells what became of it. */
  async ask({ config, job, action, exec }: Question): Promise<Answer> {
    const request = {
      config: { storageRoot: join(this.#folder, 'home'), ...config },
      job: { command: ['true'], noLimits: true, ...job },
      action,
      exec,
    }
    const program = nodeProgram(join(import.meta.dirname, 'programs/ask.ts'))
    const words = [...this.#before, ...program, JSON.stringify(request)]
    const env = { PATH: process.env['PATH'] ?? '' }
    return new Promise((resolve, reject) => {
      execFile(words[0]!, words.slice(1), { env, encoding: 'utf8', cwd: '/' }, (_, stdout, stderr) => {
        if (stdout.startsWith('{')) resolve(JSON.parse(stdout) as Answer)
        else reject(new Error(`the program said nothing: ${stderr}`))
      })
    })
  }
}
