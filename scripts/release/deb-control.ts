import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface DebControl {
  root: string
  tree: string
  version: string
  architecture: string
}

/** Writes what dpkg goes by: the fields, the scripts of packages/daemon/share/debian, and the checksums. */
export async function writeControl({ root, tree, version, architecture }: DebControl): Promise<void> {
  const folder = join(tree, 'DEBIAN')
  const run = promisify(execFile)
  const { stdout: size } = await run('du', ['-sk', '--exclude=DEBIAN', tree])
  const { stdout: sums } = await run('sh', ['-c', 'find usr lib -type f -print0 | sort -z | xargs -0 md5sum'], {
    cwd: tree,
    maxBuffer: 64 * 1024 * 1024,
  })
  await mkdir(folder, { recursive: true })
  await cp(join(root, 'packages/daemon/share/debian'), folder, { recursive: true })
  for (const script of ['postinst', 'prerm', 'postrm']) await chmod(join(folder, script), 0o755)
  await writeFile(join(folder, 'md5sums'), sums)
  await writeFile(join(folder, 'conffiles'), '/etc/corral/corrald.toml\n')
  await writeFile(join(folder, 'control'), fields({ version, architecture, size: Number.parseInt(size, 10) }))
}

function fields({ version, architecture, size }: { version: string; architecture: string; size: number }): string {
  return `Package: corrald
Version: ${version}
Architecture: ${architecture}
Maintainer: The Corral authors <maintainers@corral.example>
Installed-Size: ${size}
Depends: libc6 (>= 2.28), libstdc++6 (>= 11), libatomic1, init-system-helpers (>= 1.52), passwd
Suggests: passt, uidmap
Section: admin
Priority: optional
Description: fenced jobs, shared over mutual TLS
 corrald runs Linux commands as jobs for many people and programs: each in a
 control group and namespaces of its own, with its output streamed to any number
 of readers. Jobs survive restarts and upgrades of the daemon.
 .
 The command corral is in it, which runs jobs with and without the daemon, and a
 Node.js that both use.
`
}
