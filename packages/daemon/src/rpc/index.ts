export { callerKey, requestIdKey } from './context.ts'
export { createHandler, type RpcHandler } from './handler.ts'
export { createRoutes } from './routes.ts'
export {
  type DaemonFacts,
  defaultLimits,
  type RpcLimits,
  type RpcLog,
  type RpcMetrics,
  type RpcServices,
} from './services.ts'
