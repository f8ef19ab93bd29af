import type { CallOptions } from '@connectrpc/connect'
import { changeFromProto, type ChangesResponse } from '@corral/api'
import type { Change } from '@corral/runner'

import type { Link } from '../calls/link.ts'
import { fromMessage } from '../calls/messages.ts'

/**
 * What an ended job has changed. When the connection is lost, the daemon reads it again, and what was given already is
 * passed over: nobody changes what an ended job has left.
 */
export async function* readChanges(link: Link, name: string): AsyncGenerator<Change, void, undefined> {
  let [given, passed] = [0, 0]
  const open = (options: CallOptions): AsyncIterable<ChangesResponse> => {
    passed = 0
    return link.jobs.changes({ name }, options)
  }
  for await (const { changes } of link.follow(open)) {
    for (const change of changes) {
      passed++
      if (passed <= given) continue
      given++
      yield fromMessage(link.address, () => changeFromProto(change))
    }
  }
}
