export * from './errors/index.ts'
export type { JobEvent } from './events/events.ts'
export type { Change } from './files/changes.ts'
export type { CollectOptions } from './files/collect.ts'
export type { Collected, Omitted } from './files/collected.ts'
export type { JobFile } from './files/put.ts'
export type { DoctorLine } from './host/doctor-line.ts'
export { type HostFacts, readHostFacts } from './host/facts.ts'
export { explainHost, fixHost } from './host/host.ts'
export type {
  IdMap,
  Isolation,
  Mount,
  MountFlags,
  Network,
  PrivateNetwork,
  Profile,
  Rlimit,
  Root,
  RootFolder,
  Seccomp,
} from './isolation/config.ts'
export type { JobConfig, Limits } from './job/config.ts'
export type { Signal } from './job/signal.ts'
export type { JobState, JobStatus, JobSummary, Usage } from './job/status.ts'
export { Execution } from './exec/execution.ts'
export type { ExecConfig, ExecState, ExecStatus } from './exec/config.ts'
export type { OutputGap } from './output/gap.ts'
export type { OutputOptions } from './output/output.ts'
export { CgroupRunner, type JobDescription, type Launched } from './runner.ts'
export type { RunnerConfig } from './runner-config.ts'
export type { SeccompArgument, SeccompCondition, SeccompProfile, SeccompRule } from './seccomp/index.ts'
export { isShimEntry, shimEntry, type ShimOptions } from './shim/shim.ts'
export type { JobSpec, Layer, ProcessIdentity } from './store/job-spec.ts'
export { defaultStorageRoot } from './store/storage.ts'
export type { Stdin, TerminalSize } from './stdin/config.ts'
export type { StopOptions } from './terminate/options.ts'
