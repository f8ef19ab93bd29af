/** A command as one would type it: words that need it are quoted, and control characters cannot reach the terminal. */
export function formatCommand(command: readonly string[]): string {
  return command.map(quote).join(' ')
}

function quote(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  // eslint-disable-next-line no-control-regex -- these are what must not be printed
  if (/[\u0000-\u001f\u007f-\u009f]/.test(word)) return `$'${word.replace(/[\\'\u0000-\u001f\u007f-\u009f]/g, escape)}'`
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}

function escape(character: string): string {
  const known: Record<string, string> = { '\n': '\\n', '\t': '\\t', '\r': '\\r', '\\': '\\\\', "'": "\\'" }
  return known[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}
