import { UsageError } from '../outcome/usage-error.ts'

const accepted = "accepted: 'unix:///PATH/OF/SOCKET', 'https://NAME:PORT', or 'NAME:PORT'"

/**
 * The address of a daemon, as the client takes it; the path alone of a socket will do.
 * @throws {UsageError} `said` is what the message calls it: `--host`.
 */
export function checkHost(text: string, said: string): string {
  if (text.startsWith('/')) return `unix://${text}`
  if (text.startsWith('unix:')) return checkSocket(text, said)
  const url = URL.parse(text.includes('://') ? text : `https://${text}`)
  const isBare = url?.pathname === '/' && url.search + url.hash + url.username + url.password === ''
  if (!isBare || (!text.includes('://') && !/:\d+$/.test(text))) throw notAccepted(text, said)
  if (url.protocol === 'https:') return url.origin
  if (url.protocol !== 'http:') throw notAccepted(text, said)
  if (isThisMachine(url.hostname)) return url.origin
  throw new UsageError(`${said} '${text}': without TLS only this machine is reached, as through a tunnel; ${accepted}`)
}

/** Whether files of TLS are of use for it. */
export function usesTls(host: string): boolean {
  return host.startsWith('https:')
}

function checkSocket(text: string, said: string): string {
  const path = text.replace(/^unix:(\/\/)?/, '')
  if (path.startsWith('/')) return `unix://${path}`
  throw new UsageError(`${said} '${text}': the path of a socket is absolute; ${accepted}`)
}

function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}

function notAccepted(text: string, said: string): UsageError {
  return new UsageError(`${said} '${text}' is no address of a daemon; ${accepted}`)
}
