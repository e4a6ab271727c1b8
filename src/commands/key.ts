/** `tolk key [name]`: mints a client key, and shows what to configure. */
import { hashKey } from '../config/client-keys.ts'
import { ConfigError } from '../config/config-error.ts'
import { mintKey } from '../config/minted-key.ts'
import type { Print } from './print.ts'

/** @throws ConfigError for a name that the configuration would not take. */
export const keyCommand = (name: string | null, print: Print): number => {
  if (name !== null && !/^[A-Za-z0-9._@-]{1,64}$/.test(name)) {
    throw new ConfigError(['A key is named with 1 to 64 letters, digits, dots, dashes, _ or @.'])
  }
  const key = mintKey()
  const entry = JSON.stringify({ name: name ?? 'client', sha256: hashKey(key) })
  print(
    `The key, for the client; it is shown only now:\n\n  ${key}\n\n` +
      `Its hash, for tolk.json5:\n\n  auth: { keys: [${entry}] }\n`,
  )
  return 0
}
