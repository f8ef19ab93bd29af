export type {
  ManagedAttempt,
  ManagedDescription,
  ManagedEvent,
  ManagedFailure,
  ManagedInfo,
  ManagedRestart,
  ManagedStartOptions,
  ManagedState,
  ManagedStatus,
  ManagedSummary,
} from '@corral/api'
export type { ConnectOptions, ReconnectOptions, TlsOptions } from './connect/options.ts'
export { RemoteError, type RemoteCode, type RemoteErrorOptions } from './errors/remote-error.ts'
export type { CollectedEntry } from './files/collected.ts'
export type { LocalRunner, Runner, RunnerExecution } from './runner.ts'
export type { JobSample, StatsOptions, StatsSample } from './stats/stats.ts'
