/** What the help of the commands that run something says of their exit status. */
export const exitStatusHelp = `Exit status: the command's own, or
  124      --timeout ran out
  125      corral itself failed, or was not understood
  126      the command could not be executed
  127      the command was not found
  128+n    signal n ended the command`
