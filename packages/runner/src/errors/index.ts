export { CorralError, type CorralErrorCode, type CorralErrorOptions } from './corral-error.ts'
export {
  ExecutionNotFoundError,
  InvalidOptionError,
  JobEndedError,
  JobNameTakenError,
  JobNotFoundError,
  NoChangesError,
} from './mistakes.ts'
