/** What pasta says beside what is wrong. */
const chatter = [/ to syslog$/, /AVX2/, /^Don't run as root/, /^No external routable interface for IPv6$/, /^$/]

/** What pasta had to say before it gave up, in one line. */
export function describePasta(said: string): string {
  const lines = said.split('\n').map((line) => line.trim())
  return lines.filter((line) => !chatter.some((pattern) => pattern.test(line))).join('; ')
}
