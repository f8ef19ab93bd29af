export { createHandler, type RpcHandler } from './handler.ts'
export type { DaemonFacts, RpcLimits } from './services.ts'
