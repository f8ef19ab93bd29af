import type { Command } from 'commander'

/** Where jobs are kept on this host, and where their cgroups are made. */
export interface LocalOptions {
  storageRoot?: string
  cgroupParent?: string
}

/** Files that a daemon is reached with over TLS, in PEM. */
export interface TlsOptions {
  tlsCert?: string
  tlsKey?: string
  tlsCa?: string
}

/** Where jobs are: on this host, or with a daemon. */
export interface WhereOptions extends LocalOptions, TlsOptions {
  host?: string
  context?: string
}

/** Adds the options that say where on this host jobs are. */
export function addLocal(command: Command): Command {
  return command
    .optionsGroup('Where:')
    .option(
      '--storage-root <dir>',
      'where jobs are kept (default: $CORRAL_STORAGE_ROOT, or /var/lib/corral, or ~/.local/state/corral)',
    )
    .option('--cgroup-parent <dir>', "the cgroup below which jobs are made (default: as 'corral doctor' says)")
}

/** Adds the options that say where jobs are: every command on jobs has them. */
export function addWhere(command: Command): Command {
  return addDaemon(addLocal(command))
}

/** Adds the options that name a daemon. */
export function addDaemon(command: Command): Command {
  return command
    .optionsGroup('Where:')
    .option('-H, --host <address>', "a daemon: 'unix:///PATH', or 'https://NAME:PORT' (default: $CORRAL_HOST)")
    .option(
      '--context <name>',
      "a daemon by the name that 'corral context create' gave it, or 'local' (default: $CORRAL_CONTEXT, or the one in use)",
    )
    .option('--tls-cert <file>', 'our certificate for an https host (default: $CORRAL_TLS_CERT)')
    .option('--tls-key <file>', 'the key of it (default: $CORRAL_TLS_KEY)')
    .option('--tls-ca <file>', "who has to have signed the daemon's certificate (default: $CORRAL_TLS_CA)")
}
