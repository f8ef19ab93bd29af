export { createLog, flushLog, type Log, type LogLevel, type LogOptions } from './log.ts'
