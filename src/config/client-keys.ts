/** Client keys: lists of them as written in the environment or a file, and their hashes. */
import { createHash } from 'node:crypto'
import type { ClientKeySettings } from './schema.ts'

/** The hash a key is known by: SHA-256 of its UTF-8 bytes, 64 lower-case hexadecimal digits. */
export const hashKey = (key: string): string => createHash('sha256').update(key).digest('hex')

/**
 * Reads `name=key` and bare keys, between commas or on lines of their own; lines that begin with `#`
 * are remarks. A value `sha256:<hex>` is a hash instead of a key. Bare keys are called key-1, key-2, ….
 */
export const readKeyList = (text: string): readonly ClientKeySettings[] =>
  text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .flatMap((line) => line.split(','))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry, index) => {
      const [, name = `key-${index + 1}`, value = entry] = NAMED.exec(entry) ?? []
      const [, sha256] = HASHED.exec(value) ?? []
      return sha256 === undefined ? { name, key: value } : { name, sha256 }
    })

// Base64 ends in `=` too, so a name needs something else after it.
const NAMED = /^([A-Za-z0-9._@-]{1,64})=(?==*[^=])(.+)$/s
// Whatever follows is meant as a hash, and refused where it is none.
const HASHED = /^sha256:(.*)$/is
