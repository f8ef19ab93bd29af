import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { OutputRequestSchema } from '@corral/api'
import { Client, credentials } from '@grpc/grpc-js'

/** A client by @grpc/grpc-js that reads outputs and looks at nothing in them: what it costs is the same for any server. */
export class GrpcJsClient implements Disposable {
  readonly #client: Client

  /** `folder` is what `corral certs init` has filled. */
  constructor(address: string, folder: string) {
    const [ca = null, key = null, cert = null] = ['ca.crt', 'admin.key', 'admin.crt'].map((name) =>
      readFileSync(join(folder, name)),
    )
    this.#client = new Client(address, credentials.createSsl(ca, key, cert), {
      'grpc.max_receive_message_length': -1,
    })
  }

  /** Resolves with the number of bytes received in messages once the stream has ended. */
  async readOutput(request: MessageInitShape<typeof OutputRequestSchema>): Promise<number> {
    const stream = this.#client.makeServerStreamRequest(
      '/corral.v1.JobService/Output',
      (message: Uint8Array) => Buffer.from(message),
      (bytes) => bytes.length,
      toBinary(OutputRequestSchema, create(OutputRequestSchema, request)),
    )
    let received = 0
    for await (const bytes of stream) received += bytes as number
    return received
  }

  [Symbol.dispose](): void {
    this.#client.close()
  }
}
