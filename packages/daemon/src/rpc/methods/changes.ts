import { create } from '@bufbuild/protobuf'
import { type ChangesRequest, type ChangesResponse, ChangesResponseSchema, changeToProto } from '@corral/api'

import type { Call } from '../call.ts'

/** Most changes, and characters of their paths, of a message. */
const maxChanges = 500
const maxCharacters = 64 * 1024

/** What an ended job has changed, many changes a message. */
export async function* changes(request: ChangesRequest, call: Call): AsyncGenerator<ChangesResponse, void, undefined> {
  let message = create(ChangesResponseSchema)
  let characters = 0
  let passed = 0n
  for await (const change of call.services.jobs.changes(request.name)) {
    call.signal.throwIfAborted()
    if (passed++ < request.received) continue
    message.changes.push(changeToProto(change))
    characters += change.path.length
    if (message.changes.length < maxChanges && characters < maxCharacters) continue
    yield message
    message = create(ChangesResponseSchema)
    characters = 0
  }
  if (message.changes.length > 0) yield message
}
