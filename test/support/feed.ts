/** Every way to slice bytes or text: whole, one by one, in two at each place, and at random. */
import { whole, type Slicing } from '../../src/demo/script.ts'

/** One byte a slice. */
export const byByte: Slicing = (bytes) => inPieces(1)(bytes)

/** So many bytes a slice; the last may be shorter. */
export const inPieces = (size: number): Slicing =>
  function* (bytes) {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }

/** Two slices. */
export const inTwoAt =
  (at: number): Slicing =>
  (bytes) => [bytes.subarray(0, at), bytes.subarray(at)]

/** Slices of 1 to `longest` bytes, the same for the same seed. */
export const atRandom = (seed: number, longest = 64): Slicing =>
  function* (bytes) {
    const next = randomIntegers(seed, longest)
    for (let at = 0; at < bytes.length;) {
      const end = at + 1 + next()
      yield bytes.subarray(at, end)
      at = end
    }
  }

/** The three ways that go over a socket; `way` is for a test's title. */
export const WAYS: readonly { readonly way: string; readonly slices: Slicing }[] = [
  { way: 'whole', slices: whole },
  { way: 'byte by byte', slices: byByte },
  { way: 'at random, seed 7', slices: atRandom(7) },
]

/**
 * Every way to feed a text to a decoder: cut between any two of its characters, which are bytes when it
 * is octets, and in two at every place unless it is so long that the square of it would be too much.
 *
 * @param seeds how many random ways there are.
 */
export function* everyWay(
  text: string,
  seeds = 5,
): Generator<{ readonly way: string; readonly slices: readonly string[] }> {
  yield { way: 'whole', slices: [text] }
  yield { way: 'one by one', slices: text.split('') }
  const step = Math.ceil(text.length / 2000)
  for (let at = 1; at < text.length; at += step) {
    yield { way: `in two at ${at}`, slices: [text.slice(0, at), text.slice(at)] }
  }
  for (let seed = 1; seed <= seeds; seed += 1) {
    const next = randomIntegers(seed, 40)
    const slices: string[] = []
    for (let at = 0; at < text.length;) {
      const end = at + 1 + next()
      slices.push(text.slice(at, end))
      at = end
    }
    yield { way: `at random, seed ${seed}`, slices }
  }
}

/** A small generator of integers below `limit` (mulberry32): a failure names its seed. */
const randomIntegers = (seed: number, limit: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}
