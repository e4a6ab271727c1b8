/** The Config in force and a newly loaded one → what counts from now on, and what waits for a restart. */
import type { ClientKey } from '../client-key.ts'
import type { Config } from './config.ts'
import { ConfigError } from './config-error.ts'
import { revealed } from './fingerprint.ts'

/** What can change while tolk runs: who may come in, and what tolk itself shows the upstream. */
export type Access = {
  readonly keys: readonly ClientKey[]
  readonly revokedStreams: Config['auth']['revokedStreams']
  /** The credential, by lower-case names: to be kept as secret as it was. */
  readonly upstreamHeaders: Readonly<Record<string, string>>
}

export type Renewal = {
  readonly config: Config
  /** Options that have changed and do not count yet, such as `server.port`. */
  readonly waiting: readonly string[]
}

/**
 * Takes over the client keys and the upstream's credential; the latter only for the address that it is meant for.
 *
 * @throws ConfigError when no key would be left: the door was chosen at the start, and is not opened by a file
 *   that is gone.
 */
export const renewed = (inForce: Config, next: Config): Renewal => {
  if (next.auth.keys.length === 0 && inForce.auth.keys.length > 0) {
    throw new ConfigError([
      '`auth.keys` would be empty, and anyone let in; restart tolk if that is meant.',
    ])
  }
  const { keys, revokedStreams } = next.auth
  const isSameUpstream = next.upstream.baseUrl === inForce.upstream.baseUrl
  const { headers } = isSameUpstream ? next.upstream : inForce.upstream
  const config: Config = {
    ...inForce,
    auth: { ...inForce.auth, keys, revokedStreams },
    upstream: { ...inForce.upstream, headers },
  }
  return { config, waiting: differing(config, next) }
}

/** The part of a Config that can change. */
export const accessOf = ({ auth, upstream }: Config): Access => ({
  keys: auth.keys,
  revokedStreams: auth.revokedStreams,
  upstreamHeaders: upstream.headers.reveal(),
})

/** The names of options, two deep, whose values are not the same. */
const differing = (config: Config, next: Config): readonly string[] => {
  const [before, after] = [linesOf(config), linesOf(next)]
  const names = new Set([...before.keys(), ...after.keys()])
  return [...names].filter((name) => before.get(name) !== after.get(name))
}

const linesOf = (config: Config): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(config).flatMap(([section, values]) =>
      Object.entries(values).map(([option, value]) => [
        nameOf(section, option, config),
        JSON.stringify(revealed(value)) ?? '',
      ]),
    ),
  )

/** As in the file, where the one upstream stands under its name, and its headers are its credential. */
const nameOf = (section: string, option: string, { upstream }: Config): string => {
  if (section !== 'upstream') return `${section}.${option}`
  return `upstreams.${upstream.name}.${option === 'headers' ? 'apiKey' : option}`
}
