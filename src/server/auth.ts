/** Client keys: who may ask. Decided from the headers, before the body is read. */
import { createHash, timingSafeEqual } from 'node:crypto'
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
  const digests = keys.map((key) => ({ key, digest: Buffer.from(key.sha256, 'hex') }))
  return (c, next) => {
    if (digests.length === 0) {
      c.set('key', null)
      return next()
    }
    const presented = /^bearer +(\S+)$/i.exec(c.env.incoming.headers.authorization ?? '')?.[1]
    const key = presented === undefined ? undefined : find(digests, presented)
    if (key === undefined) throw new Failed({ kind: 'unauthorized', message: UNAUTHORIZED })
    c.set('key', key)
    c.get('record').key = key.name
    return next()
  }
}

const UNAUTHORIZED =
  'Missing or unknown API key. Send one that this server knows as `Authorization: Bearer KEY`.'

type Digest = { readonly key: ClientKey; readonly digest: Buffer }

/** All are compared, each in constant time: how long it takes says nothing about the keys. */
const find = (digests: readonly Digest[], presented: string): ClientKey | undefined => {
  const digest = createHash('sha256').update(presented).digest()
  let found: ClientKey | undefined
  for (const each of digests) {
    if (timingSafeEqual(each.digest, digest)) found = each.key
  }
  return found
}
