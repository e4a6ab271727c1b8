/** Client keys: who may ask. Decided from the headers, before the body is read. */
import { hash } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { Failed } from '../failure.ts'
import type { ClientKey } from '../client-key.ts'
import type { AppEnv } from './context.ts'

/**
 * Asks for `Authorization: Bearer KEY`, unless there are no keys at all.
 *
 * @throws Failed `unauthorized`; the message is the same whatever was wrong, and repeats nothing.
 */
export const auth = (keys: readonly ClientKey[]): MiddlewareHandler<AppEnv> => {
  const known = new Map(keys.map((key) => [key.sha256.toLowerCase(), key]))
  return (c, next) => {
    if (known.size === 0) {
      c.set('key', null)
      return next()
    }
    const presented = /^bearer +(\S+)$/i.exec(c.env.incoming.headers.authorization ?? '')?.[1]
    const key = presented === undefined ? undefined : known.get(digestOf(presented))
    if (key === undefined) throw new Failed({ kind: 'unauthorized', message: UNAUTHORIZED })
    c.set('key', key)
    c.get('record').key = key.name
    return next()
  }
}

const UNAUTHORIZED =
  'Missing or unknown API key. Send one that this server knows as `Authorization: Bearer KEY`.'

/**
 * Keys meet by their digests alone: how long a lookup takes tells something of a digest, from which nobody
 * gets to a key that has it. The work is the same for every key that is presented, however many are known.
 */
const digestOf = (presented: string): string => hash('sha256', presented, 'hex')
