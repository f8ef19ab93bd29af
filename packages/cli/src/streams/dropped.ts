/** Says on stderr what of an output is no longer kept, when its place has come. */
export function sayDropped({ bytes }: { bytes: number }): void {
  process.stderr.write(`corral: ${bytes} bytes of the output are not kept: it grew past --output-max\n`)
}
