/** Says whether it is a shim: never, when a job's command is Node itself. */
import { isShimEntry, shimEntry } from '@corral/runner'

const error = await shimEntry().catch((reason: Error) => reason.message)
console.log(JSON.stringify({ isShim: isShimEntry(), error, variable: process.env['CORRAL_SHIM_COMMAND'] ?? null }))
