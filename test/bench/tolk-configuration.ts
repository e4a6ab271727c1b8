/** The measured configuration of tolk: nothing that it can do for a request is off. */

/** The client key that the bench shows. */
export const BENCH_KEY = 'tolk-bench-0123456789abcdef0123456789abcdef'

/** A tolk.json5 with client keys, a rate limit that is counted and never reached, a log, heartbeats. */
export const tolkConfiguration = (port: number, upstreamPort: number): object => ({
  // The load asks as often as it can on each of its connections.
  server: { host: '127.0.0.1', port, maxRequestsPerSocket: 0 },
  upstreams: { ollama: { baseUrl: `http://127.0.0.1:${upstreamPort}` } },
  auth: {
    keys: [
      { name: 'laptop', key: 'tolk-another-key-of-somebody-else' },
      { name: 'bench', key: BENCH_KEY, models: ['bench-*'], requestsPerMinute: 100_000_000 },
    ],
  },
  models: { params: { 'bench-*': { keepAlive: '30m' } } },
  // All clients of a bench show one key.
  limits: { perKeyInFlight: 0 },
  downstream: { heartbeatMs: 15_000 },
  log: { level: 'info' },
})
