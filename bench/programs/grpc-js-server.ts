/**
 * The peer of the streaming benchmark: a server by @grpc/grpc-js that answers `Output` with as many bytes as its `offset`
 * says, in messages of 64 KiB, over mutual TLS. Arguments: the folder that `corral certs init` has filled. Prints its port.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { type OutputRequest, OutputRequestSchema, type OutputResponse, OutputResponseSchema } from '@corral/api'
import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js'

const messageBytes = 64 * 1024
const folder = process.argv[2]!
const read = (name: string): Buffer => readFileSync(join(folder, name))

async function output(call: ServerWritableStream<OutputRequest, OutputResponse>): Promise<void> {
  const data = new Uint8Array(messageBytes)
  for (let offset = 0n; offset < call.request.offset; offset += BigInt(messageBytes)) {
    const nextOffset = offset + BigInt(messageBytes)
    const message = create(OutputResponseSchema, { offset, data, nextOffset, attempt: 1 })
    if (!call.write(message)) await new Promise((resolve) => call.once('drain', resolve))
  }
  call.end()
}

const server = new Server()
server.addService(
  {
    output: {
      path: '/corral.v1.JobService/Output',
      requestStream: false,
      responseStream: true,
      requestSerialize: (message: OutputRequest) => Buffer.from(toBinary(OutputRequestSchema, message)),
      requestDeserialize: (bytes: Buffer) => fromBinary(OutputRequestSchema, bytes),
      responseSerialize: (message: OutputResponse) => Buffer.from(toBinary(OutputResponseSchema, message)),
      responseDeserialize: (bytes: Buffer) => fromBinary(OutputResponseSchema, bytes),
    },
  },
  { output: (call: ServerWritableStream<OutputRequest, OutputResponse>) => void output(call) },
)
const pair = { cert_chain: read('server.crt'), private_key: read('server.key') }
server.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(read('ca.crt'), [pair], true), (error, port) => {
  if (error) throw error
  process.stdout.write(`${port}\n`)
})
