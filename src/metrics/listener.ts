/** The listener for scrapes: `GET /metrics` on a port that no client key opens and no client needs (reliability A-13). */
import { createServer, type RequestListener } from 'node:http'

export type ScrapeListener = {
  /** Such as `http://127.0.0.1:9464/metrics`. */
  readonly url: string
  /** Cuts off whoever is still there. */
  readonly close: () => Promise<void>
}

export type ScrapeOptions = {
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  readonly contentType: string
  /** The text of one scrape. */
  readonly scrape: () => Promise<string>
  /** Hears why there was none. */
  readonly onFault: (error: unknown) => void
}

/** @throws the `listen` error, such as EADDRINUSE. */
export const listenForScrapes = async (options: ScrapeOptions): Promise<ScrapeListener> => {
  const server = createServer(PATIENCE, answerScrapes(options))
  server.maxConnections = MOST_CONNECTIONS
  const { host, port } = options
  await new Promise<void>((resolve, reject) => {
    // For good: a connection that could not be taken must not end the process.
    server.on('error', reject)
    server.listen({ host, port }, resolve)
  })
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}${PATH}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const PATH = '/metrics'

/** Scrapers are few, and ask for little; in ms. */
const PATIENCE = {
  headersTimeout: 5000,
  requestTimeout: 10_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 8192,
}
const MOST_CONNECTIONS = 64

const answerScrapes =
  ({ contentType, scrape, onFault }: ScrapeOptions): RequestListener =>
  ({ method, url = '' }, outgoing) => {
    const say = (status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
      outgoing.writeHead(status, {
        'content-type': type,
        'content-length': Buffer.byteLength(body),
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      })
      outgoing.end(method === 'HEAD' ? undefined : body)
    }
    if (url.split('?', 1)[0] !== PATH) return say(404, 'Only /metrics is here.\n')
    if (method !== 'GET' && method !== 'HEAD') {
      outgoing.setHeader('allow', 'GET, HEAD')
      return say(405, 'Use GET.\n')
    }
    scrape().then(
      (text) => say(200, text, contentType),
      (error: unknown) => {
        onFault(error)
        say(500, 'The figures could not be gathered; the log says why.\n')
      },
    )
  }
