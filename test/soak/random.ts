/** Chance that a seed decides: the same in every process, and on every run. */

export type Random = {
  /** From 0, and below 1. */
  fraction(): number
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number
  /** True for this share of the times, 0 to 1. */
  chance(share: number): boolean
  /** @throws when there is nothing to pick from. */
  pick<T>(items: readonly T[]): T
  /** Picks a key by its weight. @throws when no weight is above zero. */
  weighted<Key extends string>(weights: Readonly<Record<Key, number>>): Key
}

export const seeded = (seed: number): Random => {
  let state = seed | 0
  const fraction = (): number => {
    state = (state + 0x9e3779b9) | 0
    return mixed(state) / 2 ** 32
  }
  const between = (least: number, most: number): number =>
    least + Math.floor(fraction() * (most - least + 1))
  return {
    fraction,
    between,
    chance: (share) => fraction() < share,
    pick: (items) => {
      const item = items[between(0, items.length - 1)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
    weighted: <Key extends string>(weights: Readonly<Record<Key, number>>): Key => {
      const keys = keysOf(weights).filter((key) => weights[key] > 0)
      let left = fraction() * keys.reduce((sum, key) => sum + weights[key], 0)
      const found = keys.find((key) => (left -= weights[key]) < 0) ?? keys.at(-1)
      if (found === undefined) throw new Error('nothing has a weight')
      return found
    },
  }
}

/** A seed for a part of what another seed decides: parts do not disturb each other. */
export const seedOf = (seed: number, ...parts: readonly number[]): number =>
  parts.reduce((sum, part) => mixed(Math.imul(sum, 31) + part), seed)

/** The keys that its type says, which are all that a literal has. */
export const keysOf = <Key extends string>(
  record: Readonly<Record<Key, unknown>>,
): readonly Key[] => Object.keys(record).filter((key): key is Key => key in record)

/** Every bit of the number has its part in every bit of this one, 0 to 2^32 - 1 (a finaliser as hash tables have it). */
const mixed = (number: number): number => {
  let bits = number | 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad)
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97)
  return (bits ^ (bits >>> 15)) >>> 0
}
