import { InvalidOptionError } from './errors/mistakes.ts'
import { refuseUnknown } from './errors/unknown.ts'
import { checkPrefix } from './job/name.ts'

/** What `CgroupRunner.open` takes. */
export interface RunnerConfig {
  /** Folder of the jobs' specs, outputs and records, mode 0700. Default: see `defaultStorageRoot`. */
  storageRoot?: string
  /** How the names of jobs begin that are given none, at most 92 characters. Default `'job.'`. */
  jobNamePrefix?: string
  /** The cgroup below which jobs live. Default: chosen as `corral doctor` says. */
  cgroupParent?: string
  /**
   * Where systemd runs the host: jobs live in a scope of their own also when this process is a service with `Delegate=yes`.
   * A service is not started again while jobs are left in its cgroup: systemd puts no process where controllers are handed
   * out (it ends with 219/CGROUP). Default false.
   */
  ownScope?: boolean
  /**
   * What becomes of this runner's jobs when it is closed or its process ends, however that happens: `'kill'` (default)
   * kills and removes them, `'keep'` leaves them running for a runner that opens the storage root later.
   */
  onExit?: 'kill' | 'keep'
}

/** @throws {InvalidOptionError} for the first option that is not accepted. */
export function checkRunnerConfig(config: RunnerConfig): void {
  refuseUnknown('open', config, ['storageRoot', 'jobNamePrefix', 'cgroupParent', 'ownScope', 'onExit'])
  const { storageRoot, jobNamePrefix, cgroupParent, ownScope, onExit } = config
  if (storageRoot !== undefined && (typeof storageRoot !== 'string' || storageRoot === '')) {
    throw new InvalidOptionError('storageRoot', storageRoot, 'the path of a folder')
  }
  if (jobNamePrefix !== undefined) checkPrefix('jobNamePrefix', jobNamePrefix)
  if (cgroupParent !== undefined && !(typeof cgroupParent === 'string' && cgroupParent.startsWith('/'))) {
    throw new InvalidOptionError('cgroupParent', cgroupParent, 'an absolute path')
  }
  if (ownScope !== undefined && typeof ownScope !== 'boolean') {
    throw new InvalidOptionError('ownScope', ownScope, 'a boolean')
  }
  if (onExit !== undefined && onExit !== 'kill' && onExit !== 'keep') {
    throw new InvalidOptionError('onExit', onExit, "'kill' or 'keep'")
  }
}
