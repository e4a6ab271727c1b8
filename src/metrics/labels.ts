/** What may stand in a label: words of ours, so that no client can make up new ones (reliability R-18). */

/** The route of a path; `other` for every path that is none. */
export const routeOf = (path: string): string => {
  if (ROUTES.has(path)) return path
  return path.startsWith('/v1/models/') ? '/v1/models/{id}' : 'other'
}

const ROUTES: ReadonlySet<string> = new Set([
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
  '/v1/models',
  '/livez',
  '/readyz',
  '/healthz',
])
