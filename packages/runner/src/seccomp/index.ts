export type { SeccompArgument, SeccompCondition, SeccompProfile, SeccompRule } from './profile.ts'
export { seccompProgram } from './program.ts'
export { readSeccomp } from './read.ts'
