export type { LocalRunner, ManagedStartOptions, Runner, RunnerExecution } from './runner.ts'
