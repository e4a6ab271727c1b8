/** Keys that tolk makes: random, known by their prefix, and with a checksum that tells a mistyped one. */
import { hash, randomBytes } from 'node:crypto'

/**
 * `tolk-` and 48 characters of base64url: 256 random bits, then the first 32 of their SHA-256. Secret
 * scanners can be taught the pattern `tolk-[A-Za-z0-9_-]{48}`, and tell by the checksum what only looks like one.
 */
export const mintKey = (): string => {
  const random = randomBytes(RANDOM_BYTES)
  return PREFIX + Buffer.concat([random, checksumOf(random)]).toString('base64url')
}

/**
 * Whether it was meant to be a key that tolk made and is none: a character was lost, added or changed on its
 * way. Keys of tolk 0.1, which had no checksum, are 43 characters after the prefix, and are let be.
 */
export const isMistyped = (key: string): boolean => LIKE_ONE.test(key) && !hasChecksum(key)

const PREFIX = 'tolk-'
const RANDOM_BYTES = 32
const CHECKSUM_BYTES = 4
/** Three bytes are four characters. */
const CHARACTERS = ((RANDOM_BYTES + CHECKSUM_BYTES) * 4) / 3
const LIKE_ONE = /^tolk-[\w-]{44,52}$/

const checksumOf = (random: Uint8Array): Buffer =>
  hash('sha256', random, 'buffer').subarray(0, CHECKSUM_BYTES)

/** By its length, too: a character that is left over at the end would be none of the bytes. */
const hasChecksum = (key: string): boolean => {
  if (key.length !== PREFIX.length + CHARACTERS) return false
  const bytes = Buffer.from(key.slice(PREFIX.length), 'base64url')
  return checksumOf(bytes.subarray(0, RANDOM_BYTES)).equals(bytes.subarray(RANDOM_BYTES))
}
