export type { Bounds, FreeOption, IdentityConfig, LimitBounds, PolicyConfig, RulesConfig } from './config.ts'
export type { Grant, Policy, Role } from './contract.ts'
export { ForbiddenOptionError } from './forbidden.ts'
export { createPolicy } from './policy.ts'
