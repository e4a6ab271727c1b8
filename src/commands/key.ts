/** `tolk key [name]`: mints a client key, and shows what to configure. */
import { createHash, randomBytes } from 'node:crypto'
import type { Print } from '../cli.ts'

/** 256 random bits behind a prefix that secret scanners can be taught. */
export const mintKey = (): string => `tolk-${randomBytes(32).toString('base64url')}`

export const keyCommand = (name: string | null, print: Print): number => {
  const key = mintKey()
  const sha256 = createHash('sha256').update(key).digest('hex')
  const entry = JSON.stringify({ name: name ?? 'client', sha256 })
  print(
    `The key, for the client; it is shown only now:\n\n  ${key}\n\n` +
      `Its hash, for tolk.json5:\n\n  auth: { keys: [${entry}] }\n`,
  )
  return 0
}
