/** Where the jobs' rooms say what an operator should know; pino's loggers are such. */
export interface JobLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export const silentLog: JobLog = { info: () => {}, warn: () => {}, error: () => {} }
