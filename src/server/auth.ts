/** Client keys: who may ask. Decided from the headers, before the body is read. */
import { Failed } from '../failure.ts'
import { now } from '../ticker.ts'
import type { AppContext } from './context.ts'
import type { Rooms } from './rooms.ts'
import { createWrongKeys, type NoteWrongKey } from './wrong-keys.ts'

/**
 * Asks for `Authorization: Bearer KEY`, unless there are no keys at all. A right key is let in however many wrong
 * ones came from its address.
 *
 * @throws Failed `unauthorized`, or `guessing` for one wrong key too many; the message is the same whatever was
 *   wrong, and repeats nothing.
 */
export const auth = ({
  keys,
  config,
}: Pick<Rooms, 'keys' | 'config'>): ((c: AppContext) => void) => {
  const noteWrong = createWrongKeys(config.auth.wrongKeysPerMinute, now)
  return (c) => {
    if (keys.isEmpty) return c.set('key', null)
    const presented = /^bearer +(\S+)$/i.exec(c.env.incoming.headers.authorization ?? '')?.[1]
    const key = presented === undefined ? undefined : keys.find(presented)
    if (key === undefined) throw refusal(c, presented, noteWrong)
    c.set('key', key)
    c.get('record').key = key.name
  }
}

/** None at all is no guess. */
const refusal = (c: AppContext, presented: string | undefined, noteWrong: NoteWrongKey): Failed => {
  const retryAfterMs =
    presented === undefined ? 0 : noteWrong(c.env.incoming.socket.remoteAddress ?? '')
  return new Failed(
    retryAfterMs === 0
      ? { kind: 'unauthorized', message: UNAUTHORIZED }
      : { kind: 'guessing', message: GUESSING, retryAfterMs },
  )
}

const UNAUTHORIZED =
  'Incorrect API key provided, or none. Send one that this server knows as `Authorization: Bearer KEY`.'

const GUESSING =
  'Too many wrong API keys have come from your address. Wait, and send one that this server knows as `Authorization: Bearer KEY`.'
