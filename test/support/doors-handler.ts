import { text } from 'node:stream/consumers'

import { callerOf, type RequestHandler } from '../../packages/daemon/src/listen/index.ts'

/**
 * Serves `/who` (the caller, as JSON), `/follow` (a byte at once, and the rest when the client has asked for `/release`),
 * `/size` (how many bytes came).
 */
export function makeHandler(): RequestHandler {
  const following = new Set<{ end: (text: string) => unknown }>()
  return (req, res) => {
    if (req.url === '/follow') {
      following.add(res)
      res.once('close', () => following.delete(res))
      ;(res as { write: (text: string) => unknown }).write('.')
    } else if (req.url === '/release') {
      for (const each of following) each.end('end')
      res.end()
    } else if (req.url === '/size') {
      void text(req).then(
        (body) => res.end(String(body.length)),
        () => {},
      )
    } else {
      const { stream } = req as { stream?: { session?: object } }
      res.end(JSON.stringify({ http: req.httpVersion, session: stream?.session !== undefined, ...callerOf(req) }))
    }
  }
}
