/** Random ids: 128 bits each, hexadecimal. */
import { randomFillSync } from 'node:crypto'

const ID_BYTES = 16

/** A call into the system's generator costs as much as twenty ids. */
const pool = Buffer.alloc(256 * ID_BYTES)
let used = pool.length

/** 32 hexadecimal digits, never given before. */
export const randomHex = (): string => {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const start = used
  used += ID_BYTES
  return pool.toString('hex', start, used)
}
