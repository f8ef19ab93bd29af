import type { CallOptions } from '@connectrpc/connect'
import { changeFromProto, type ChangesResponse } from '@corral/api'
import type { Change } from '@corral/runner'

import type { Link } from '../calls/link.ts'
import { fromMessage } from '../calls/messages.ts'

/** What an ended job has changed; nobody changes that, so that what was cut off goes on where it was. */
export async function* readChanges(link: Link, name: string): AsyncGenerator<Change, void, undefined> {
  let received = 0n
  const open = (options: CallOptions): AsyncIterable<ChangesResponse> => link.jobs.changes({ name, received }, options)
  for await (const { changes } of link.follow(open)) {
    received += BigInt(changes.length)
    for (const change of changes) yield fromMessage(link.address, () => changeFromProto(change))
  }
}
