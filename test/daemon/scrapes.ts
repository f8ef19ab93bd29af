import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'

/** Samples of a page by their names and labels, as they are written. */
export type Samples = Readonly<Record<string, number>>

/** Reads the text format; each line is a comment or a sample. */
export function parse(text: string): Samples {
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    samples.map((line) => {
      const match = /^([a-zA-Z_:][\w:]*(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*\})?) (\S+)$/.exec(line)
      if (!match) throw new Error(`not in the text format: ${line}`)
      return [match[1], Number(match[2])]
    }),
  )
}

export interface Answer {
  status: number | undefined
  body: string
}

/** Asks over TCP, or a Unix socket. */
export async function ask(address: string, path: string, method = 'GET'): Promise<Answer> {
  const place = address.startsWith('/')
    ? { socketPath: address }
    : { host: address.split(':')[0], port: address.split(':')[1] }
  const asked = request({ ...place, path, method })
  asked.end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: response.statusCode, body: Buffer.concat(await Array.fromAsync(response)).toString() }
}
