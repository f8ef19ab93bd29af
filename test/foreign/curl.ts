import { execFile, spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'

/** Where curl finds the daemon, and who it says that it is. */
export interface CurlTarget {
  address: string
  ca: string
  cert: string
  key: string
}

/** What the daemon answered. */
export interface Answer {
  status: number
  body: Record<string, unknown>
}

const service = '/corral.v1.JobService'

function curlWords({ address, ca, cert, key }: CurlTarget, method: string): string[] {
  return [
    '--silent',
    '--show-error',
    '--cacert',
    ca,
    '--cert',
    cert,
    '--key',
    key,
    `https://${address}${service}/${method}`,
  ]
}

/** One call, as JSON both ways. */
export async function call(target: CurlTarget, method: string, request: unknown): Promise<Answer> {
  const words = ['--header', 'Content-Type: application/json', '--data-binary', JSON.stringify(request)]
  const { stdout } = await promisify(execFile)('curl', [
    ...curlWords(target, method),
    ...words,
    '--write-out',
    '\n%{http_code}',
  ])
  const end = stdout.lastIndexOf('\n')
  return { status: Number(stdout.slice(end + 1)), body: JSON.parse(stdout.slice(0, end)) as Record<string, unknown> }
}

/** A stream of messages, each as JSON behind a byte of flags and four of length; the last one says how it ended. */
export async function* stream(
  target: CurlTarget,
  method: string,
  request: unknown,
): AsyncGenerator<Record<string, unknown>> {
  const words = ['--no-buffer', '--header', 'Content-Type: application/connect+json', '--data-binary', '@-']
  const curl = spawn('curl', [...curlWords(target, method), ...words], { stdio: ['pipe', 'pipe', 'pipe'] })
  const failure = text(curl.stderr)
  curl.stdin.end(envelope(JSON.stringify(request)))
  let rest = Buffer.alloc(0)
  try {
    for await (const chunk of curl.stdout as AsyncIterable<Buffer>) {
      rest = Buffer.concat([rest, chunk])
      for (let length = lengthOf(rest); length <= rest.length; length = lengthOf(rest)) {
        yield JSON.parse(rest.subarray(5, length).toString()) as Record<string, unknown>
        rest = rest.subarray(length)
      }
    }
    if (rest.length > 0) throw new Error(`no whole message: ${rest.toString()} ${await failure}`)
  } finally {
    curl.kill()
  }
}

function envelope(message: string): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(Buffer.byteLength(message), 1)
  return Buffer.concat([head, Buffer.from(message)])
}

/** The length of the first message with what is before it; infinite while that has not come. */
function lengthOf(bytes: Buffer): number {
  return bytes.length < 5 ? Infinity : 5 + bytes.readUInt32BE(1)
}
