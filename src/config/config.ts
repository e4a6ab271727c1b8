/** Config: what the configuration comes to. Frozen; each room is handed its slice. */
import type { ConfiguredModel } from '../catalog/configured-model.ts'
import type { ClientKey } from '../client-key.ts'
import type { Secret } from './secret.ts'
import type { Settings } from './schema.ts'

export type Config = {
  readonly server: Readonly<Settings['server']>
  readonly upstream: UpstreamConfig
  readonly models: {
    /** A client's name → the model that answers, `default` among them when it is configured. */
    readonly aliases: Readonly<Record<string, string>>
    /** How models are to be served, in the order written; `servingOf` reads them. */
    readonly params: readonly ParamsRule[]
  }
  readonly auth: Readonly<Omit<Settings['auth'], 'keys' | 'keysFile'>> & {
    readonly keys: readonly ClientKey[]
  }
  readonly catalog: Readonly<Settings['catalog']>
  readonly openai: Readonly<Settings['openai']>
  readonly limits: Readonly<Settings['limits']>
  readonly queue: Readonly<Settings['queue']>
  readonly downstream: Readonly<Settings['downstream']>
  readonly abort: Readonly<Settings['abort']>
  readonly shutdown: Readonly<Settings['shutdown']>
  readonly log: Readonly<Settings['log']>
  readonly media: Readonly<Settings['media']>
  /** Without a port nothing is counted. */
  readonly metrics: Readonly<Settings['metrics']>
}

/** The one upstream there is. Times are milliseconds; 0 means for ever, where the schema allows it. */
export type UpstreamConfig = {
  /** Its key in the file; `ollama` by default. */
  readonly name: string
  /** Origin and path prefix: no trailing slash, no `/v1`, no user or password. May be shown. */
  readonly baseUrl: string
  /** The credential, as headers for every call; names are lower case. */
  readonly headers: Secret<Readonly<Record<string, string>>>
  /** PEM texts for an https upstream. */
  readonly tls: Secret<Tls>
  readonly connectTimeoutMs: number
  readonly firstByteTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly totalTimeoutMs: number
  readonly metaTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  readonly maxLineBytes: number
  readonly maxResponseBytes: number
  /** Exactly the models to list; null when they are to be discovered. */
  readonly models: readonly ConfiguredModel[] | null
}

export type Tls = { readonly ca?: string; readonly cert?: string; readonly key?: string }

/** What an operator may say of one model; what is absent is left to other rules, or to the upstream. */
export type Params = Readonly<Settings['models']['params'][string]>

export type ParamsRule = { readonly pattern: string; readonly params: Params }
