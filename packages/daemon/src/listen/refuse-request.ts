import type { Request, Response } from './http.ts'

/** Answers a request of somebody who is not served with the reason, in the protocol in which it was asked. */
export function refuseRequest(req: Request, res: Response, message: string): void {
  const type = req.headers['content-type'] ?? ''
  if (type.startsWith('application/grpc')) {
    // 16 is UNAUTHENTICATED; without a body, the trailers are in the header.
    res.setHeader('content-type', type)
    res.setHeader('grpc-status', '16')
    res.setHeader('grpc-message', encodeURIComponent(message))
    res.end()
    return
  }
  if (req.httpVersionMajor === 1) res.setHeader('connection', 'close')
  res.statusCode = 401
  res.setHeader('content-type', 'application/json')
  res.end(JSON.stringify({ code: 'unauthenticated', message }))
}
