import { createRegistry } from '@bufbuild/protobuf'
import type { ConnectRouter } from '@connectrpc/connect'
import {
  BadRequestSchema,
  ErrorInfoSchema,
  grpcHealth,
  grpcReflection,
  grpcReflectionAlpha,
  JobService,
  QuotaFailureSchema,
  RetryInfoSchema,
} from '@corral/api'

import { gateOf, nameRequest } from './gate.ts'
import { healthService } from './health.ts'
import { jobService } from './job-service.ts'
import { reflectionAlphaService, reflectionService } from './reflection.ts'
import { defaultLimits, type RpcServices } from './services.ts'
import { StreamSlots } from './stream-slots.ts'

/** What a JSON answer shows of an error's details. */
const registry = createRegistry(BadRequestSchema, ErrorInfoSchema, QuotaFailureSchema, RetryInfoSchema)

/** What a request is besides what it is of that size for: contents of files, standard input. */
const roomBytes = 64 * 1024

/** All that the daemon answers. Who calls is expected in `callerKey` of the context. */
export function createRoutes(services: RpcServices): (router: ConnectRouter) => void {
  const { maxMessageBytes, maxStreamsPerIdentity, maxStreams } = { ...defaultLimits, ...services.limits }
  const slots = new StreamSlots(maxStreamsPerIdentity, maxStreams)
  const shared = {
    // Compression costs more time than it saves: 23 MiB/s instead of 200.
    acceptCompression: [],
    readMaxBytes: maxMessageBytes + roomBytes,
    // A field that there is none of is a slip of the pen, or a later client's.
    jsonOptions: { ignoreUnknownFields: false, registry },
  }
  const others = { draining: services.draining, slots }
  const known = { ...shared, requestGate: gateOf(services) }
  return (router) => {
    router.service(JobService, jobService(services, slots), known)
    router.service(grpcReflection.ServerReflection, reflectionService(others), known)
    router.service(grpcReflectionAlpha.ServerReflection, reflectionAlphaService(others), known)
    router.service(grpcHealth.Health, healthService(others), {
      ...shared,
      requestGate: (context) => void nameRequest(context),
    })
  }
}
