import type { DescMethod } from '@bufbuild/protobuf'
import { fieldPathOf } from '@corral/api'

/** Options of a start that are beside the job's configuration. */
const besides = new Set(['restart', 'priority', 'when_full', 'request_id'])

/** Where a method's request has what is an option of the library's. */
export function fieldFinder({ localName }: DescMethod): (option: string) => string {
  return (option) => {
    const field = fieldPathOf(option)
    const hasConfig = localName === 'start' || localName === 'exec'
    return hasConfig && !besides.has(/^\w*/.exec(field)![0]) ? `config.${field}` : field
  }
}
