/** Connects to the socket that it is given, says hello, and tells what came of it: `closed`, `error CODE`, `refused` or `heard N`. */
import { connect } from 'node:net'

const socket = connect(process.argv[2]!)
const payload = 'type=hello\0id=1\0version=3\0'
const header = Buffer.alloc(4)
header.writeUInt32LE(payload.length)
let heard = 0
socket.on('data', (bytes: Buffer) => {
  heard += bytes.length
  process.stdout.write(bytes.includes('step=peer') ? 'refused\n' : `heard ${heard}\n`)
  socket.destroy()
})
socket.on('error', (error: NodeJS.ErrnoException) => process.stdout.write(`error ${error.code}\n`))
socket.on('close', () => process.stdout.write('closed\n'))
socket.write(Buffer.concat([header, Buffer.from(payload)]))
