/** A reload: the configuration is loaded anew, and what can change while tolk runs counts from then on. */
import type { Config } from '../config/config.ts'
import { ConfigError } from '../config/config-error.ts'
import type { Loaded } from '../config/load.ts'
import { renewed } from '../config/renewal.ts'
import type { Log } from '../log.ts'

export type ReloadOptions = {
  /** The configuration that tolk was started with. */
  readonly config: Config
  /** Loads it anew. @throws ConfigError */
  readonly load: () => Promise<Loaded>
  /** Has it count. */
  readonly renew: (config: Config) => void
  readonly log: Log
}

/** @returns does it. Never rejects: a configuration that cannot be is logged, and the one before stays in force. */
export const createReload = ({
  config,
  load,
  renew,
  log,
}: ReloadOptions): (() => Promise<void>) => {
  let inForce = config
  return async () => {
    try {
      const next = await load()
      const { config: renewal, waiting } = renewed(inForce, next.config)
      renew(renewal)
      inForce = renewal
      for (const warning of next.warnings) log.warn(warning)
      log.info('the configuration was loaded anew', { client_keys: renewal.auth.keys.length })
      if (waiting.length > 0)
        log.warn('what has changed here too needs a restart', { options: waiting.join(', ') })
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems.join(' ') : undefined
      log.error(REFUSED, { problems }, problems === undefined ? error : undefined)
    }
  }
}

/** A reload before there is anything to reload: what was loaded a moment ago is new enough. */
export const notYet = async (): Promise<void> => {}

const REFUSED = 'the configuration could not be loaded anew, and the one before stays in force'
