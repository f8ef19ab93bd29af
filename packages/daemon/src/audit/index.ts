export { AuditLog } from './audit-log.ts'
export type { Asked, Audit } from './contract.ts'
