export type * from './contract.ts'
export { JobManager } from './manager.ts'
export type { JobManagerOptions } from './options.ts'
