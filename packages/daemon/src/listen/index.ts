export { callerOf } from '../identity/caller-of.ts'
export { HandedOver, takeHandedOver } from './handed-over.ts'
export type { RequestHandler } from './http.ts'
export { ListenError } from './listen-error.ts'
export { openListeners, type Listeners, type ListenersOptions } from './open.ts'
export {
  limitBounds,
  type ConnectionLimits,
  type ListenLog,
  type TlsListenerOptions,
  type UnixListenerOptions,
} from './options.ts'
export type { RefusalReason } from './refusals.ts'
