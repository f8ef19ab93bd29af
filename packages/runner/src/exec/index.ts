export type { ExecConfig } from './config.ts'
export { checkExec, checkExecId } from './check.ts'
export { Execution } from './execution.ts'
export { ask, startExec } from './start.ts'
