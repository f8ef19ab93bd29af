import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { RemoteRunner } from '@corral/client'
import { CgroupRunner } from '@corral/runner'
import { inject } from 'vitest'

import { corraldBin } from '../support/daemon.ts'

const share = new URL('../../packages/daemon/share/', import.meta.url)
const units = '/run/systemd/system'

/** `corrald` as a service of the systemd that runs the machine, by the units that are shipped. */
export class Service implements AsyncDisposable {
  readonly folder: string
  readonly host = 'unix:///run/corral/corrald.sock'

  private constructor(folder: string) {
    this.folder = folder
  }

  get storageRoot(): string {
    return join(this.folder, 'root')
  }

  /** Installs the units, with what was built in place of the package; starts nothing. */
  static async install(): Promise<Service> {
    const service = new Service(await mkdtemp(join(inject('runFolder'), 'service-')))
    const config = join(service.folder, 'corrald.toml')
    const unit = await readFile(new URL('systemd/corrald.service', share), 'utf8')
    const command = `${process.execPath} ${corraldBin} --config ${config}`
    await writeFile(join(units, 'corrald.service'), unit.replace(/^ExecStart=.*/m, `ExecStart=${command}`))
    await cp(new URL('systemd/corrald.socket', share), join(units, 'corrald.socket'))
    await promisify(execFile)('groupadd', ['--system', '--force', 'corral'])
    await service.configure({ onStop: 'keep' })
    await service.systemctl('daemon-reload')
    return service
  }

  async configure({ onStop }: { onStop: 'keep' | 'stop' }): Promise<void> {
    const lines = [`storageRoot = "${this.storageRoot}"`, `onStop = "${onStop}"`]
    await writeFile(join(this.folder, 'corrald.toml'), `${lines.join('\n')}\n`)
  }

  /** Lays a file of settings over the service's. */
  async dropIn(text: string): Promise<void> {
    await mkdir(join(units, 'corrald.service.d'), { recursive: true })
    await writeFile(join(units, 'corrald.service.d/test.conf'), text)
    await this.systemctl('daemon-reload')
  }

  async systemctl(...words: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)('systemctl', words)
    return stdout.trim()
  }

  /** A property, as `systemctl show` has it. */
  async show(property: string, unit = 'corrald.service'): Promise<string> {
    return this.systemctl('show', '--property', property, '--value', unit)
  }

  async mainPid(): Promise<number> {
    return Number(await this.show('MainPID'))
  }

  async connect(): Promise<RemoteRunner> {
    return RemoteRunner.connect({ host: this.host })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.systemctl('stop', 'corrald.socket', 'corrald.service')
    await using runner = await CgroupRunner.open({ storageRoot: this.storageRoot, onExit: 'keep' })
    for (const { name } of await runner.list()) await runner.stop(name)
    for (const file of ['corrald.service', 'corrald.socket', 'corrald.service.d']) {
      await rm(join(units, file), { recursive: true, force: true })
    }
    await this.systemctl('daemon-reload')
  }
}
