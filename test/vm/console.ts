/** What the guest said on its serial console, taken apart. */
export interface Console {
  /** Feeds what has arrived. */
  write(chunk: Buffer): void
  /** Everything before the script began: the kernel, the init, and their complaints. */
  boot(): string
  /** What the script has printed. */
  output(): string
  /** Lines of JSON that the script's tests have left for the host. */
  skips(): string[]
  /** The script's exit status, once it has ended. */
  status(): number | undefined
}

/** Reads the console line by line; lines that start with the nonce are for us, the script's others go to `print`. */
export function createConsole(nonce: string, print: (text: string) => void): Console {
  let begun = false
  let pending = Buffer.alloc(0)
  let status: number | undefined
  let boot = ''
  let output = ''
  const skips: string[] = []

  function line(text: string): void {
    if (status !== undefined) return
    if (text.startsWith(`${nonce} `)) order(text.trimEnd().slice(nonce.length + 1))
    else if (begun) {
      output += text
      print(text)
    } else boot += text
  }

  function order(text: string): void {
    const [word = '', ...rest] = text.split(' ')
    if (word === 'begin') begun = true
    if (word === 'skip') skips.push(rest.join(' '))
    if (word === 'exit') status = Number(rest[0])
  }

  return {
    write(chunk) {
      pending = Buffer.concat([pending, chunk])
      for (let end = pending.indexOf('\n'); end >= 0; end = pending.indexOf('\n')) {
        line(pending.toString('utf8', 0, end + 1))
        pending = pending.subarray(end + 1)
      }
    },
    boot: () => boot,
    output: () => output,
    skips: () => skips,
    status: () => status,
  }
}
