import type { DescMethod, Message, MessageShape } from '@bufbuild/protobuf'
import type { ServiceImpl } from '@connectrpc/connect'
import { JobService } from '@corral/api'

import { access, type MethodName } from './access.ts'
import type { Call } from './call.ts'
import { changes } from './methods/changes.ts'
import { collected } from './methods/collected.ts'
import { freeze, thaw, update } from './methods/control.ts'
import { kill, remove, stop } from './methods/end.ts'
import { exec } from './methods/exec.ts'
import { info } from './methods/info.ts'
import { resize, writeInput } from './methods/input.ts'
import { list } from './methods/list.ts'
import { get } from './methods/look.ts'
import { output } from './methods/output.ts'
import { start } from './methods/start.ts'
import { stats } from './methods/stats.ts'
import { wait } from './methods/wait.ts'
import { watch } from './methods/watch.ts'
import type { Served } from './exchange.ts'
import { serveStream, serveUnary } from './serve.ts'
import type { RpcServices } from './services.ts'
import type { StreamSlots } from './stream-slots.ts'

/** What a method does, for a caller who may, with jobs that are there for it. */
type Perform<M extends DescMethod> = (
  request: MessageShape<M['input']>,
  call: Call,
) => M['methodKind'] extends 'unary' ? Promise<MessageShape<M['output']>> : AsyncIterable<MessageShape<M['output']>>

type Methods = { [Name in MethodName]: Perform<(typeof JobService)['method'][Name]> }

const methods: Methods = {
  start,
  get,
  list,
  stop,
  kill,
  wait,
  output,
  writeInput,
  resize,
  watch,
  stats,
  update,
  freeze,
  thaw,
  exec,
  remove,
  changes,
  collected,
  info,
}

/** The service, with what all its methods have in common around each. */
export function jobService(services: RpcServices, slots: StreamSlots): ServiceImpl<typeof JobService> {
  const entries = JobService.methods.map((method) => {
    const name = method.localName as MethodName
    const served: Served = { services, slots, method, access: access[name] }
    const perform = methods[name] as (request: Message, call: Call) => never
    return [name, method.methodKind === 'unary' ? serveUnary(served, perform) : serveStream(served, perform)]
  })
  return Object.fromEntries(entries) as ServiceImpl<typeof JobService>
}
