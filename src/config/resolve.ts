/** Checked settings → Config: defaults that depend on others, files read, keys hashed. */
import { isIP } from 'node:net'
import { withoutProvider } from '../catalog/name.ts'
import type { Config } from './config.ts'
import { isLoopback } from './loopback.ts'
import type { Outside } from './outside.ts'
import { resolveKeys } from './resolve-keys.ts'
import { resolveUpstream } from './resolve-upstream.ts'
import type { Settings } from './schema.ts'

/** What it comes to; worth something only when `outside` has heard no complaint. */
export const resolveConfig = (settings: Settings, upstream: string, outside: Outside): Config => {
  const { upstreams, models, auth } = settings
  const params = Object.entries(models.params).flatMap(([pattern, each]) =>
    withoutProvider(pattern, upstream).map((name) => ({ pattern: name, params: each })),
  )
  const config: Config = {
    server: { ...settings.server, host: resolveHost('server', settings.server.host, outside) },
    upstream: resolveUpstream(upstream, upstreams[upstream] ?? missing(), params, outside),
    models: { aliases: resolveAliases(models, outside), params },
    auth: {
      keys: resolveKeys(auth, upstream, outside),
      revokedStreams: auth.revokedStreams,
      wrongKeysPerMinute: auth.wrongKeysPerMinute,
    },
    catalog: settings.catalog,
    openai: settings.openai,
    limits: settings.limits,
    queue: settings.queue,
    downstream: settings.downstream,
    abort: settings.abort,
    shutdown: settings.shutdown,
    log: settings.log,
    media: settings.media,
    metrics: {
      ...settings.metrics,
      host: resolveHost('metrics', settings.metrics.host, outside),
    },
  }
  // Whoever configured keys means to ask for them; what is wrong with them is said already.
  if (auth.keys === undefined && auth.keysFile === undefined) refuseOpenDoor(config, outside)
  const { limits, metrics, server } = config
  if ((limits.maxBufferedBodyBytes ?? Infinity) < limits.maxBodyBytes) {
    const path = ['limits', 'maxBufferedBodyBytes']
    outside.complain(path, 'is less than `limits.maxBodyBytes`: a body as long could never be read')
  }
  if (metrics.port !== undefined && metrics.port !== 0 && metrics.port === server.port) {
    outside.complain(['metrics', 'port'], 'is the port of `server.port` already; choose another')
  }
  return frozen(config)
}

const missing = (): never => {
  throw new Error('the layers put an upstream into every tree')
}

/** IPv6 is written without brackets from here on, as `server.listen` wants it. */
const resolveHost = (section: 'server' | 'metrics', host: string, outside: Outside): string => {
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  if (isIP(bare) !== 0 || HOST_NAME.test(bare)) return bare
  const path = [section, 'host']
  outside.complain(
    path,
    'must be an address or a host name alone, such as 127.0.0.1; the port has an option of its own',
  )
  return bare
}

const HOST_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/

/** `default` is an alias like any other. */
const resolveAliases = (
  { aliases, default: { primary } }: Settings['models'],
  outside: Outside,
): Config['models']['aliases'] => {
  if (primary === undefined) return aliases
  if (aliases['default'] !== undefined && aliases['default'] !== primary) {
    const path = ['models', 'aliases', 'default']
    outside.complain(path, 'says another model than `models.default.primary`; leave one of them')
  }
  return { ...aliases, default: primary }
}

const refuseOpenDoor = ({ server }: Config, outside: Outside): void => {
  if (isLoopback(server.host) || server.allowAnonymous) return
  outside.complain(
    ['server', 'host'],
    'opens tolk to other machines while no client key is configured: whoever can connect could use the models. ' +
      'Configure keys (TOLK_API_KEYS or `auth.keys`; `tolk key` makes one), or say --allow-anonymous, or listen on 127.0.0.1',
  )
}

/** Secrets are classes with private state, which no freezing reaches and no spreading copies. */
const frozen = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const each of Object.values(value)) frozen(each)
  return Object.freeze(value)
}
