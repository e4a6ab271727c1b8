/** What the bench's processes tell each other over IPC. */
import { z } from 'zod'

/** Of the fake Ollama, and of the byte pass-through. */
export const upstreamNews = z.discriminatedUnion('news', [
  z.object({ news: z.literal('ready'), port: z.number() }),
  /** A request came whose head is long in coming. */
  z.object({ news: z.literal('asked') }),
  /** Every token of an answer was written, and its end will be long in coming. */
  z.object({ news: z.literal('resting') }),
  /** A connection closed before its answer had ended, at this microsecond of the monotonic clock. */
  z.object({ news: z.literal('left'), us: z.number() }),
])
export type UpstreamNews = z.infer<typeof upstreamNews>

const target = {
  port: z.number(),
  path: z.string(),
  headers: z.record(z.string(), z.string()),
  /** How the proxy answers. */
  speech: z.enum(['openai', 'native']),
  mayDropReasoning: z.boolean(),
  model: z.string(),
  connections: z.number(),
}

/** What the load client is asked to do. */
export const loadOrder = z.discriminatedUnion('order', [
  z.object({
    order: z.literal('load'),
    ...target,
    /** Connections open one by one over this time, ms. */
    spreadMs: z.number(),
    /** From the last one's start to the window, ms. */
    warmMs: z.number(),
    windowMs: z.number(),
    /** Whose CPU is counted over the window, by process id; null where there is none. */
    watch: z.object({ proxy: z.number().nullable(), upstream: z.number() }),
  }),
  /** Opens streams, and keeps them open until `release`. */
  z.object({ order: z.literal('hold'), ...target }),
  z.object({ order: z.literal('release') }),
])
export type LoadOrder = z.infer<typeof loadOrder>
export type Load = Extract<LoadOrder, { order: 'load' }>
export type Hold = Extract<LoadOrder, { order: 'hold' }>

const quantiles = z.object({ count: z.number(), p50: z.number(), p99: z.number() })
/** CPU seconds. */
const cpu = z.object({ user: z.number(), system: z.number() })

export const clientNews = z.discriminatedUnion('news', [
  z.object({ news: z.literal('ready') }),
  z.object({
    news: z.literal('loaded'),
    /** Length of the window, s. */
    seconds: z.number(),
    tokens: z.number(),
    /** Answers that ended within the window. */
    answers: z.number(),
    reads: z.number(),
    /** Sampled answers that were checked. */
    checked: z.number(),
    /** What was wrong with them, and connections or statuses that failed; each kind once. */
    faults: z.array(z.string()),
    /** From the request to the read that brings the first token, µs. */
    firstToken: quantiles.nullable(),
    /** From the upstream's write to the read that brings the token, µs. */
    transit: quantiles.nullable(),
    /** Over the window; null where the platform does not tell. */
    cpu: z
      .object({ proxy: cpu.nullable(), upstream: cpu, client: cpu, everything: z.number() })
      .nullable(),
  }),
  /** All streams that were ordered are open, or some could not be. */
  z.object({ news: z.literal('held'), open: z.number(), faults: z.array(z.string()) }),
  z.object({ news: z.literal('released') }),
])
export type ClientNews = z.infer<typeof clientNews>
export type Loaded = Extract<ClientNews, { news: 'loaded' }>

/** What the preload inside a measured Node process is asked, and says (`inside.ts`). */
export const insideQuestion = z.enum(['collected-memory', 'memory', 'watch-delay', 'delay'])
export type InsideQuestion = z.infer<typeof insideQuestion>

export const insideNews = z.discriminatedUnion('news', [
  /** Bytes; after a full collection when that was asked for. */
  z.object({ news: z.literal('memory'), rss: z.number(), heap: z.number(), external: z.number() }),
  z.object({ news: z.literal('watching') }),
  /** The longest time that the event loop did not turn, ms. */
  z.object({ news: z.literal('delay'), longestMs: z.number() }),
])
export type InsideNews = z.infer<typeof insideNews>
