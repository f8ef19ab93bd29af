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
   * What becomes of this runner's jobs when it is closed or its process ends, however that happens: `'kill'` (default)
   * kills and removes them, `'keep'` leaves them running for a runner that opens the storage root later.
   */
  onExit?: 'kill' | 'keep'
}

/** @throws {InvalidOptionError} for the first option that is not accepted. */
export function checkRunnerConfig(config: RunnerConfig): void {
  refuseUnknown('open', config, ['storageRoot', 'jobNamePrefix', 'cgroupParent', 'onExit'])
  const { storageRoot, jobNamePrefix, cgroupParent, onExit } = config
  if (storageRoot !== undefined && (typeof storageRoot !== 'string' || storageRoot === '')) {
    throw new InvalidOptionError('storageRoot', storageRoot, 'the path of a folder')
  }
  if (jobNamePrefix !== undefined) checkPrefix('jobNamePrefix', jobNamePrefix)
  if (cgroupParent !== undefined && !(typeof cgroupParent === 'string' && cgroupParent.startsWith('/'))) {
    throw new InvalidOptionError('cgroupParent', cgroupParent, 'an absolute path')
  }
  if (onExit !== undefined && onExit !== 'kill' && onExit !== 'keep') {
    throw new InvalidOptionError('onExit', onExit, "'kill' or 'keep'")
  }
}
