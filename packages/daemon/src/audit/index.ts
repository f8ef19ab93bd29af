export { AuditLog, type AuditOptions } from './audit-log.ts'
export type { Asked, Audit, Outcome } from './contract.ts'
