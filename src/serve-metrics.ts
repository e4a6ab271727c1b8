/** A Config → what is counted, and the port where it is read. Loaded only when `metrics.port` is set. */
import type { LiveCatalog } from './catalog/live.ts'
import type { Config } from './config/config.ts'
import { ConfigError } from './config/config-error.ts'
import type { Log } from './log.ts'
import { contentType, exposition } from './metrics/exposition.ts'
import { listenForScrapes, type ScrapeListener } from './metrics/listener.ts'
import { createMeters, type Measures, type Meters } from './metrics/meters.ts'
import type { Tally } from './tally.ts'
import { version } from './version.ts'

/**
 * @param tally what is counted already, beside exchanges.
 * @param worker which process it is that counts, where there are several.
 */
export const metersFor = (
  config: Config,
  catalog: Pick<LiveCatalog, 'current'> | null,
  tally: Tally,
  worker?: string,
): Meters =>
  createMeters({
    version,
    upstreamName: config.upstream.name,
    modelNamed: (name) => catalog?.current().resolve(name)?.name,
    tally,
    labels: worker === undefined ? {} : { worker },
  })

/**
 * @param gather what every process has counted.
 * @throws ConfigError when it cannot listen there.
 */
export const serveMetrics = async (
  { metrics: { host, port = 0 } }: Config,
  log: Log,
  gather: () => Promise<readonly Measures[]>,
): Promise<ScrapeListener> => {
  const scrape = async (): Promise<string> => exposition(await gather())
  const onFault = (error: unknown): void => log.error('no metrics', {}, error)
  try {
    const listener = await listenForScrapes({ host, port, contentType, scrape, onFault })
    log.info('metrics are served', { url: listener.url })
    return listener
  } catch (error) {
    throw new ConfigError([sentenceOf(error, host, port)])
  }
}

const sentenceOf = (error: unknown, host: string, port: number): string => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  return `metrics.port: tolk cannot listen on port ${port} of ${host} (${code}); choose another, or another metrics.host`
}
