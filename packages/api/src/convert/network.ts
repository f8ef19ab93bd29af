import { create } from '@bufbuild/protobuf'
import type { Network, PrivateNetwork as LibraryNetwork } from '@corral/runner'

import { AllowListSchema, type Isolation, type PrivateNetwork, PrivateNetworkSchema } from '../gen/corral/v1/job_pb.ts'
import { FieldError } from './field-error.ts'
import { givenFlag, givenList, givenTextOrNumber, givenTexts, refuseOthers } from './given.ts'
import { present } from './present.ts'

type NetworkField = Isolation['network']

export function networkToProto(network: unknown): NetworkField {
  if (network === undefined) return { case: undefined }
  if (typeof network === 'string') return { case: 'networkMode', value: network }
  refuseOthers('isolation.network', network, ['type', 'ports', 'allow', 'dns'])
  const { type, ports, allow, dns } = network as Record<string, unknown>
  if (type !== 'private') throw new FieldError('isolation.network.type', type, "'private'")
  const value = create(PrivateNetworkSchema, {
    ports: givenList('isolation.network.ports', ports, (option, port) => givenTextOrNumber(option, port) ?? ''),
    allow:
      allow === undefined
        ? undefined
        : create(AllowListSchema, { networks: givenTexts('isolation.network.allow', allow) }),
    dns: givenFlag('isolation.network.dns', dns),
  })
  return { case: 'privateNetwork', value }
}

export function networkFromProto(network: NetworkField): Network | undefined {
  if (network.case === 'networkMode') return network.value as Network
  return network.case === 'privateNetwork' ? privateFromProto(network.value) : undefined
}

function privateFromProto({ ports, allow, dns }: PrivateNetwork): LibraryNetwork {
  return present<LibraryNetwork>({
    type: 'private',
    ports: ports.length > 0 ? ports : undefined,
    allow: allow?.networks,
    dns,
  })
}
