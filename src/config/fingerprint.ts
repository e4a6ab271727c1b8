/** Config → a fingerprint, to tell whether two processes were configured alike. */
import { createHash } from 'node:crypto'
import type { Config } from './config.ts'
import { Secret } from './secret.ts'

/** SHA-256 of every value, secrets included, 64 hexadecimal digits. It is for processes of ours alone. */
export const fingerprint = (config: Config): string =>
  createHash('sha256')
    .update(JSON.stringify(revealed(config)))
    .digest('hex')

/** The same, with what its secrets hold in their places. To be shown to nobody. */
export const revealed = (value: unknown): unknown => {
  if (value instanceof Secret) return revealed(value.reveal())
  if (Array.isArray(value)) return value.map(revealed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, revealed(each)]))
}
