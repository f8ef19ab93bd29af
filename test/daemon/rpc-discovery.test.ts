import { once } from 'node:events'

import { create, createFileRegistry, fromBinary, fromJson, toBinary } from '@bufbuild/protobuf'
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { grpcHealth, grpcReflection, grpcReflectionAlpha, JobService, StartRequestSchema } from '@corral/api'
import { describe, expect } from 'vitest'

import { errorOf } from './rpc-answers.ts'
import { type RpcServer, test } from './rpc-servers.ts'

const { HealthCheckResponse_ServingStatus: Status } = grpcHealth

describe('health', () => {
  test('is told to everybody, of the daemon and of its services', async ({ server }) => {
    for (const identity of ['alice', 'mallory', '']) {
      const health = await server.clientOf(grpcHealth.Health, identity)
      for (const service of ['', JobService.typeName]) {
        expect((await health.check({ service })).status).toBe(Status.SERVING)
      }
      expect(await errorOf(health.check({ service: 'corral.v1.None' }))).toMatchObject({ code: 'not_found' })
    }
  })

  test('is watched until the daemon is about to end', async ({ server }) => {
    const health = await server.clientOf(grpcHealth.Health, 'alice')
    const watched = health.watch({ service: '' })[Symbol.asyncIterator]()
    expect((await watched.next()).value).toMatchObject({ status: Status.SERVING })
    const unknown = health.watch({ service: 'corral.v1.None' })[Symbol.asyncIterator]()
    expect((await unknown.next()).value).toMatchObject({ status: Status.SERVICE_UNKNOWN })
    server.drain()
    expect((await watched.next()).value).toMatchObject({ status: Status.NOT_SERVING })
    expect(await watched.next()).toMatchObject({ done: true })
    expect((await health.check({})).status).toBe(Status.NOT_SERVING)
  })
})

describe('reflection', () => {
  type Asked = grpcReflection.ServerReflectionRequest['messageRequest']

  const services = { v1: grpcReflection.ServerReflection, v1alpha: grpcReflectionAlpha.ServerReflection }

  async function ask(server: RpcServer, version: keyof typeof services, ...asked: Asked[]) {
    const client = await server.clientOf(services[version] as typeof services.v1, 'alice')
    const requests = asked.map((messageRequest) =>
      create(grpcReflection.ServerReflectionRequestSchema, { messageRequest }),
    )
    const answers = await Array.fromAsync(client.serverReflectionInfo(iterate(requests as never[])))
    return answers.map(({ messageResponse }) => messageResponse)
  }

  async function* iterate<T>(items: readonly T[]): AsyncGenerator<T> {
    yield* items
  }

  for (const version of ['v1', 'v1alpha'] as const) {
    test(`${version} is enough to call the daemon with nothing else known`, async ({ server }) => {
      const [list, file] = await ask(
        server,
        version,
        { case: 'listServices', value: '' },
        { case: 'fileContainingSymbol', value: 'corral.v1.JobService' },
      )
      const names = (list!.value as grpcReflection.ListServiceResponse).service.map(({ name }) => name)
      expect(names.toSorted()).toEqual([
        'corral.v1.JobService',
        'grpc.health.v1.Health',
        'grpc.reflection.v1.ServerReflection',
        'grpc.reflection.v1alpha.ServerReflection',
      ])
      const files = descriptorsIn(file!)
      const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: importsFirst(files) }))
      const start = registry.getService('corral.v1.JobService')!.method['start']!
      const request = fromJson(start.input, { config: { command: ['true'], timeout: '5s' } })
      const known = fromBinary(StartRequestSchema, toBinary(start.input, request))
      expect(known.config).toMatchObject({ command: ['true'], timeout: { seconds: 5n } })
    })
  }

  test('knows files, types, methods and fields, and says what it does not', async ({ server }) => {
    const known: Asked[] = [
      { case: 'fileByFilename', value: 'google/protobuf/duration.proto' },
      { case: 'fileByFilename', value: 'corral/v1/job.proto' },
      { case: 'fileContainingSymbol', value: 'corral.v1.JobService.Start' },
      { case: 'fileContainingSymbol', value: 'corral.v1.JobConfig' },
      { case: 'fileContainingSymbol', value: 'corral.v1.JobConfig.command' },
      { case: 'fileContainingSymbol', value: 'google.rpc.ErrorInfo' },
    ]
    for (const answer of await ask(server, 'v1', ...known)) expect(descriptorsIn(answer).length).toBeGreaterThan(0)
    const unknown: Asked[] = [
      { case: 'fileByFilename', value: 'corral/v1/none.proto' },
      { case: 'fileContainingSymbol', value: 'corral.v1.None' },
      { case: 'fileContainingSymbol', value: 'none' },
      { case: 'fileContainingSymbol', value: '' },
      { case: 'allExtensionNumbersOfType', value: 'corral.v1.None' },
    ]
    for (const answer of await ask(server, 'v1', ...unknown)) {
      expect(answer).toMatchObject({ case: 'errorResponse', value: { errorCode: 5 } })
    }
    const [extensions] = await ask(server, 'v1', { case: 'allExtensionNumbersOfType', value: 'corral.v1.Job' })
    expect(extensions).toMatchObject({ case: 'allExtensionNumbersResponse', value: { extensionNumber: [] } })
  })

  for (const version of ['v1', 'v1alpha'] as const) {
    test(`${version} ends with the daemon, however long its client would go on`, async ({ server }) => {
      const client = await server.clientOf(services[version] as typeof services.v1, 'alice')
      const goesOn = Promise.withResolvers<void>()
      const requests = (async function* () {
        yield create(grpcReflection.ServerReflectionRequestSchema, {
          messageRequest: { case: 'listServices', value: '' },
        })
        await goesOn.promise
      })()
      const answers = client.serverReflectionInfo(requests as never)[Symbol.asyncIterator]()
      expect((await answers.next()).value?.messageResponse.case).toBe('listServicesResponse')
      server.drain()
      expect(await answers.next()).toMatchObject({ done: true })
      goesOn.resolve()
    })
  }

  test('is for those whom the policy knows', async ({ server }) => {
    const client = await server.clientOf(grpcReflection.ServerReflection, 'mallory')
    const answers = Array.fromAsync(client.serverReflectionInfo(iterate([{}])))
    expect(await errorOf(answers)).toMatchObject({ code: 'permission_denied', reason: 'UNKNOWN_IDENTITY' })
  })
})

function descriptorsIn(answer: grpcReflection.ServerReflectionResponse['messageResponse']): FileDescriptorProto[] {
  expect(answer.case).toBe('fileDescriptorResponse')
  const { fileDescriptorProto } = answer.value as grpcReflection.FileDescriptorResponse
  return fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes))
}

/** The first one last, behind all that it imports. */
function importsFirst(files: readonly FileDescriptorProto[]): FileDescriptorProto[] {
  const ordered = new Set<FileDescriptorProto>()
  const add = (file: FileDescriptorProto): void => {
    for (const name of file.dependency) add(files.find((each) => each.name === name)!)
    ordered.add(file)
  }
  add(files[0]!)
  return [...ordered]
}

test('a request that says nothing sensible of its host is answered, and changes nothing', async ({ server }) => {
  const path = '/corral.v1.JobService/List'
  const session = await server.session('alice')
  const cases = [
    [{ ':path': path, ':authority': 'corral:99999' }, 400],
    [{ ':path': path, ':authority': '%zz' }, 400],
    [{ ':path': '//corral:99999', ':authority': 'corral' }, 404],
    [{ ':path': `${path}?x=%ff`, ':authority': 'corral', 'content-type': 'application/json' }, 200],
    [{ ':path': path, ':authority': 'corral', 'content-type': 'text/html' }, 415],
    [{ ':path': path, ':method': 'GET', ':authority': 'corral' }, 405],
  ] as const
  for (const [headers, status] of cases) {
    const stream = session.request({ ':method': 'POST', ...headers })
    if (!stream.writableEnded) stream.end('{}')
    const [answered] = (await once(stream, 'response')) as [{ ':status': number }]
    expect([headers, answered[':status']]).toEqual([headers, status])
    stream.resume()
  }
  session.close()
  expect((await (await server.client('alice')).list({})).jobs).toEqual([])
})
