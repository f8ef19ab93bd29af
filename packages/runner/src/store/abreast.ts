/** How many items are worked on side by side. */
const width = 16

/** Works off items, some side by side; when one fails, no more are begun, and the failure is thrown. */
export async function forEachAbreast<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  // One iterator for all: each takes the next.
  const queue = Iterator.from(items)
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: width }, worker))
}
