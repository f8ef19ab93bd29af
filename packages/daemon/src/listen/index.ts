export { callerOf } from '../identity/caller-of.ts'
export { takeHandedOver, type HandedOver } from './handed-over.ts'
export type { RequestHandler } from './http.ts'
export { openListeners, type Listeners, type ListenersOptions } from './open.ts'
