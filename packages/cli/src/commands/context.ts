import type { Command } from 'commander'

export function define(command: Command): void {
  command
    .description(
      'Gives daemons names, and says which one commands go to. What the line says (--host, --context,\n' +
        '--storage-root) goes before what the environment says ($CORRAL_HOST, $CORRAL_CONTEXT,\n' +
        "$CORRAL_STORAGE_ROOT), and that before the context in use. 'local' is this host, and always there.",
    )
    .usage('COMMAND [OPTION…]')
    .addHelpText('after', epilogue)
}

const epilogue = `
Contexts are kept in ~/.config/corral/contexts.toml, or below $XDG_CONFIG_HOME.

Examples:
  $ corral context create build-box --host https://build-box:7411 --cert me.crt --key me.key --ca ca.crt
  $ corral context use build-box
  $ corral ps
  $ corral run --context local -- make
  $ corral context use local`
