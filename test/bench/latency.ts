/** Latencies by the microsecond, and their quantiles. */

export type Quantiles = { readonly count: number; readonly p50: number; readonly p99: number }

/** What is longer counts as this long, µs. */
const LONGEST_US = 1_000_000

export class Latency {
  readonly #buckets = new Uint32Array(LONGEST_US + 1)
  #count = 0

  /** @param us below zero counts as zero. */
  add(us: number): void {
    const bucket = Math.min(Math.max(Math.round(us), 0), LONGEST_US)
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1
    this.#count += 1
  }

  /** In microseconds; null when there was none. */
  quantiles(): Quantiles | null {
    if (this.#count === 0) return null
    return { count: this.#count, p50: this.#quantile(0.5), p99: this.#quantile(0.99) }
  }

  #quantile(share: number): number {
    let left = Math.ceil(this.#count * share)
    const found = this.#buckets.findIndex((count) => {
      left -= count
      return left <= 0
    })
    return found
  }
}
