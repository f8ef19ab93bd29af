export { createLog, flushLog, type Log } from './log.ts'
