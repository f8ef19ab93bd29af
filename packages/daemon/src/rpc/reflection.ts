import { create, createRegistry, type DescFile, fromBinary, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { Code, type HandlerContext, type ServiceImpl } from '@connectrpc/connect'
import {
  file_corral_v1_job_service,
  file_google_rpc_error_details,
  grpcHealth,
  grpcReflection as v1,
  grpcReflectionAlpha as v1alpha,
} from '@corral/api'

import { unlessAborted } from './ending.ts'
import { type OtherStreams, otherStream } from './other-stream.ts'

type Answer = v1.ServerReflectionResponse['messageResponse']

/** Files of all services, and of what errors carry. */
const roots: readonly DescFile[] = [
  file_corral_v1_job_service,
  grpcHealth.file_grpc_health_v1_health,
  v1.file_grpc_reflection_v1_reflection,
  v1alpha.file_grpc_reflection_v1alpha_reflection,
  file_google_rpc_error_details,
]

/** By name, with all that they import. */
const files = new Map(roots.flatMap(withImports).map((file) => [`${file.name}.proto`, file]))

const types = createRegistry(...files.values())

/** grpc.reflection.v1: what there is to call, and with what. */
export function reflectionService(streams: OtherStreams): ServiceImpl<typeof v1.ServerReflection> {
  return {
    serverReflectionInfo: (requests: AsyncIterable<v1.ServerReflectionRequest>, context: HandlerContext) =>
      otherStream(streams, context, (ending) => respondToEach(requests, ending, respond)),
  }
}

/** The same for older clients, in whose messages only the package is another. */
export function reflectionAlphaService(streams: OtherStreams): ServiceImpl<typeof v1alpha.ServerReflection> {
  return {
    serverReflectionInfo: (requests: AsyncIterable<v1alpha.ServerReflectionRequest>, context: HandlerContext) =>
      otherStream(streams, context, (ending) => respondToEach(requests, ending, respondAlpha)),
  }
}

async function* respondToEach<Request, Response>(
  requests: AsyncIterable<Request>,
  ending: AbortSignal,
  respond: (request: Request) => Response,
): AsyncGenerator<Response, void, undefined> {
  const asked = requests[Symbol.asyncIterator]()
  while (!ending.aborted) {
    const next = await unlessAborted(asked.next(), ending).catch((error: unknown) => {
      if (!ending.aborted) throw error
    })
    if (!next || next.done) return
    yield respond(next.value)
  }
}

function respondAlpha(request: v1alpha.ServerReflectionRequest): v1alpha.ServerReflectionResponse {
  const asked = toBinary(v1alpha.ServerReflectionRequestSchema, request)
  const answer = respond(fromBinary(v1.ServerReflectionRequestSchema, asked))
  return fromBinary(v1alpha.ServerReflectionResponseSchema, toBinary(v1.ServerReflectionResponseSchema, answer))
}

function respond(request: v1.ServerReflectionRequest): v1.ServerReflectionResponse {
  return create(v1.ServerReflectionResponseSchema, {
    validHost: request.host,
    originalRequest: request,
    messageResponse: answerTo(request.messageRequest),
  })
}

function answerTo({ case: kind, value }: v1.ServerReflectionRequest['messageRequest']): Answer {
  switch (kind) {
    case 'listServices':
      return services()
    case 'fileByFilename':
      return descriptors(files.get(value), value)
    case 'fileContainingSymbol':
      return descriptors(fileOf(value), value)
    case 'allExtensionNumbersOfType': {
      const numbers = create(v1.ExtensionNumberResponseSchema, { baseTypeName: value })
      return fileOf(value) ? { case: 'allExtensionNumbersResponse', value: numbers } : missing(value)
    }
    case 'fileContainingExtension':
      return missing(`extension ${value.extensionNumber} of ${value.containingType}`)
    default:
      return failure(Code.InvalidArgument, 'one of the requests of the protocol has to be made')
  }
}

function services(): Answer {
  const names = [...types].filter((type) => type.kind === 'service').map(({ typeName }) => ({ name: typeName }))
  const service = names.map((each) => create(v1.ServiceResponseSchema, each))
  return { case: 'listServicesResponse', value: create(v1.ListServiceResponseSchema, { service }) }
}

/** Of a type, a service, or a method or a field of one. */
function fileOf(symbol: string): DescFile | undefined {
  const found = types.get(symbol)
  if (found) return found.file
  const dot = symbol.lastIndexOf('.')
  const [parent, member] = [types.get(symbol.slice(0, Math.max(dot, 0))), symbol.slice(dot + 1)]
  if (parent?.kind === 'service' && parent.methods.some(({ name }) => name === member)) return parent.file
  if (parent?.kind === 'message' && parent.fields.some(({ name }) => name === member)) return parent.file
  return undefined
}

/** The file and all that it imports: clients need not ask for each. */
function descriptors(file: DescFile | undefined, asked: string): Answer {
  if (!file) return missing(asked)
  const fileDescriptorProto = withImports(file).map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto))
  return { case: 'fileDescriptorResponse', value: create(v1.FileDescriptorResponseSchema, { fileDescriptorProto }) }
}

/** Each once. */
function withImports(file: DescFile): DescFile[] {
  return [...new Set([file, ...file.dependencies.flatMap(withImports)])]
}

function missing(asked: string): Answer {
  return failure(Code.NotFound, `not found: ${asked}`)
}

function failure(errorCode: Code, errorMessage: string): Answer {
  return { case: 'errorResponse', value: create(v1.ErrorResponseSchema, { errorCode, errorMessage }) }
}
