/** The test authority and what it signed, as PEM text; how they were made is in `tls/README.md`. */
import { readFileSync } from 'node:fs'

const pem = (name: string): string =>
  readFileSync(new URL(`tls/${name}.pem`, import.meta.url), 'utf8')

/**
 * `server` is good for 127.0.0.1 and localhost; it and `client` are signed by `ca`, which nobody else knows.
 * `expired` signed itself, for one day of the year 2000.
 */
export const certificates = {
  ca: pem('ca'),
  server: { cert: pem('server'), key: pem('server-key') },
  expired: { cert: pem('expired'), key: pem('expired-key') },
  client: { cert: pem('client'), key: pem('client-key') },
} as const
