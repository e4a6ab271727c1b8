/** What travels with a request through the server's rooms. */
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { ClientKey } from '../client-key.ts'
import type { RequestRecord } from './request-record.ts'

export type AppEnv = {
  Bindings: HttpBindings
  Variables: {
    /** What the log will say about this request. */
    record: RequestRecord
    /** Whose key it came with; null when keys are not asked for. */
    key: ClientKey | null
  }
}

export type AppContext = Context<AppEnv>
