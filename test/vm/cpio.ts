// The `newc` cpio format, as far as an initramfs needs it: Documentation/driver-api/early-userspace/buffer-format.rst.

export interface Entry {
  path: string
  /** File type and permissions, as in `st_mode`. */
  mode: number
  data?: Uint8Array
  /** Major and minor number of a device node. */
  device?: [number, number]
}

/** Packs entries into one archive; a folder must come before what it holds. */
export function packCpio(entries: Entry[]): Buffer {
  const trailer: Entry = { path: 'TRAILER!!!', mode: 0 }
  return Buffer.concat([...entries, trailer].flatMap((entry, index) => packEntry(entry, index + 1)))
}

export function directory(path: string): Entry {
  return { path, mode: 0o040755 }
}

export function file(path: string, data: string | Uint8Array, permissions = 0o644): Entry {
  return { path, mode: 0o100000 | permissions, data: typeof data === 'string' ? Buffer.from(data) : data }
}

export function characterDevice(path: string, major: number, minor: number): Entry {
  return { path, mode: 0o020600, device: [major, minor] }
}

function packEntry({ path, mode, data = new Uint8Array(), device = [0, 0] }: Entry, inode: number): Uint8Array[] {
  const name = Buffer.from(`${path}\0`)
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, ...device, name.length, 0]
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`)
  return [header, name, padding(header.length + name.length), data, padding(data.length)]
}

function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4)
}
