export * from './exports.ts'
export { RemoteRunner } from './node.ts'
