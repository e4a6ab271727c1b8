/**
 * The names under which clients may ask for tolk while anyone may come in who can connect. A web page can give a
 * name of its own the address of this machine (DNS rebinding, CVE-2024-28224); its browser still says that name.
 */
import { Failed } from '../failure.ts'
import type { AppContext } from './context.ts'
import type { KeyRing } from './key-ring.ts'

export class KnownHosts {
  readonly #names: ReadonlySet<string>
  /** Headers that were found to be known, as they were written: a client says the same again and again. */
  readonly #headers = new Set<string>()

  /** @param hosts beside those of loopback: names, or addresses with or without brackets. */
  constructor(hosts: readonly string[]) {
    const written = hosts.map((host) =>
      /:.*:/.test(host) ? `[${host.replace(/[[\]]/g, '')}]` : host,
    )
    this.#names = new Set(written.flatMap((host) => nameIn(host) ?? []))
  }

  /** @param header as it came: any port, a last dot, and upper or lower case make no difference. */
  know(header: string): boolean {
    if (this.#headers.has(header)) return true
    const name = nameIn(header)
    if (name === undefined || !(LOOPBACK.test(name) || this.#names.has(name))) return false
    if (this.#headers.size < MOST_REMEMBERED) this.#headers.add(header)
    return true
  }
}

/**
 * Lets in who knows tolk's name, and who has a key, whatever name he uses: no web page has one.
 *
 * @throws Failed `forbidden`.
 */
export const knownHost =
  (hosts: KnownHosts, keys: KeyRing) =>
  (c: AppContext): void => {
    if (!keys.isEmpty || hosts.know(c.env.incoming.headers.host ?? '')) return
    throw new Failed({ kind: 'forbidden', message: STRANGE, param: null })
  }

const STRANGE =
  'tolk asks for no key here, and so answers to the names of this machine alone, such as localhost or 127.0.0.1. ' +
  'To reach it by another name, have that added to server.allowedHosts (TOLK_ALLOWED_HOSTS), or client keys configured.'

const LOOPBACK =
  /^(?:(?:.+\.)?localhost|127\.\d+\.\d+\.\d+|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\])$/

const MOST_REMEMBERED = 100

/** A host and its port, as RFC 9110 § 7.2 has them: no user, no path, no blank. */
const AUTHORITY = /^([\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/

/** In the one way that addresses and names are written; undefined for what is neither. */
const nameIn = (header: string): string | undefined => {
  const [, host] = AUTHORITY.exec(header) ?? []
  return host === undefined ? undefined : URL.parse(`http://${host}`)?.hostname.replace(/\.$/, '')
}
