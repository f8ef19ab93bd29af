import type { Command } from 'commander'

export function define(command: Command): void {
  command
    .description(
      'Makes a certificate authority, and certificates by which a daemon and its clients know each other\n' +
        'over TLS: for development, and for a few hosts. A daemon takes those of any other authority as well.',
    )
    .usage('COMMAND [OPTION…]')
    .addHelpText('after', epilogue)
}

const epilogue = `
Examples:
  $ corral certs init --host build-box
  $ corral certs issue alice --role operator >> /etc/corral/corrald.toml
  $ corral context create build-box --host https://build-box:7411 --cert alice.crt --key alice.key --ca ca.crt
  $ corral certs revoke alice`
