/** Wrong keys, counted by the address that shows them: who guesses is slowed down. */

/**
 * Notes one more.
 *
 * @param address where the client connects from.
 * @returns ms until this address may show the next one; 0 when it may still try.
 */
export type NoteWrongKey = (address: string) => number

/**
 * What is kept is bounded: an address that has been silent longest is forgotten first.
 *
 * @param perMinute of one address; 0 for any number.
 * @param now milliseconds of a monotonic clock.
 */
export const createWrongKeys = (perMinute: number, now: () => number): NoteWrongKey => {
  const buckets = new Map<string, Bucket>()
  if (perMinute === 0) return () => 0
  return (address) => {
    const time = now()
    const network = networkOf(address)
    const bucket = buckets.get(network) ?? new Bucket(perMinute, time)
    // Last in the order, for it was seen last.
    buckets.delete(network)
    buckets.set(network, bucket)
    if (buckets.size > MOST_ADDRESSES) forgetFirst(buckets)
    return bucket.take(time)
  }
}

const MOST_ADDRESSES = 1000

const forgetFirst = (buckets: Map<string, Bucket>): void => {
  for (const oldest of buckets.keys()) {
    buckets.delete(oldest)
    return
  }
}

/** So many a minute, and as many at once; it refills evenly. */
class Bucket {
  readonly #perMinute: number
  #tokens: number
  #at: number

  constructor(perMinute: number, time: number) {
    this.#perMinute = perMinute
    this.#tokens = perMinute
    this.#at = time
  }

  /** @returns ms until there is one, 0 when one was taken. */
  take(time: number): number {
    const perMs = this.#perMinute / 60_000
    this.#tokens = Math.min(this.#perMinute, this.#tokens + (time - this.#at) * perMs)
    this.#at = time
    if (this.#tokens < 1) return (1 - this.#tokens) / perMs
    this.#tokens -= 1
    return 0
  }
}

/** Whoever has one IPv6 address has the 2^64 that begin alike. */
const networkOf = (address: string): string => {
  const ipv4 = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (!ipv4.includes(':')) return ipv4
  const [head = ''] = ipv4.split('%', 1)
  const [left = '', right = ''] = head.split('::')
  const groups = left === '' ? [] : left.split(':')
  const missing = head.includes('::')
    ? 8 - groups.length - (right === '' ? 0 : right.split(':').length)
    : 0
  return [...groups, ...Array.from({ length: missing }, () => '0'), ...right.split(':')]
    .slice(0, 4)
    .join(':')
}
