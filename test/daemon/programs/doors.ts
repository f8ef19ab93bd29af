/**
 * Opens listeners as its argument says, in JSON, and takes what systemd hands over. On standard output it writes each line
 * of the log as JSON, and `{ "addresses": … }` once they are open. It ends with SIGTERM.
 */
import { openListeners, takeHandedOver, type ListenersOptions } from '../../../packages/daemon/src/listen/index.ts'
import { makeHandler } from '../../support/doors-handler.ts'

const write = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`)
const at =
  (level: string) =>
  (fields: object, message: string): void =>
    write({ level, message, fields })

const options = JSON.parse(process.argv[2]!) as Omit<ListenersOptions, 'log'>
const handedOver = takeHandedOver()
try {
  const log = { info: at('info'), warn: at('warn'), error: at('error') }
  const listeners = await openListeners({ ...options, log, handedOver }, makeHandler())
  handedOver.checkTaken()
  write({ addresses: listeners.addresses, environment: Object.keys(process.env) })
  process.once('SIGTERM', () => void listeners.close(0))
} catch (error) {
  write({ refused: (error as Error).message })
  process.exit(1)
}
