import type { CgroupRunner, RunnerConfig } from '@corral/runner'
import type { Command } from 'commander'

/** Where jobs are kept and where their cgroups are made. */
export interface StorageOptions {
  storageRoot?: string
  cgroupParent?: string
}

/** Adds the options that every command on jobs has. */
export function addStorage(command: Command): Command {
  return command
    .optionsGroup('Where:')
    .option(
      '--storage-root <dir>',
      'where jobs are kept (default: $CORRAL_STORAGE_ROOT, or /var/lib/corral, or ~/.local/state/corral)',
    )
    .option('--cgroup-parent <dir>', "the cgroup below which jobs are made (default: as 'corral doctor' says)")
}

/** Opens the storage root for as long as `use` takes. Jobs outlive it, unless `onExit` says otherwise. */
export async function withRunner<T>(
  options: StorageOptions,
  use: (runner: CgroupRunner) => Promise<T>,
  onExit: NonNullable<RunnerConfig['onExit']> = 'keep',
): Promise<T> {
  const { CgroupRunner } = await import('@corral/runner')
  const { storageRoot, cgroupParent } = options
  const config = {
    ...(storageRoot !== undefined && { storageRoot }),
    ...(cgroupParent !== undefined && { cgroupParent }),
  }
  await using runner = await CgroupRunner.open({ ...config, onExit })
  return await use(runner)
}
