/** What the soak asks its upstream, and what that tells by itself. */
import { z } from 'zod'

export const upstreamNews = z.discriminatedUnion('news', [
  z.object({ news: z.literal('ready'), port: z.int() }),
  /** Of a watched request: its body was read. */
  z.object({ news: z.literal('asked'), id: z.int() }),
  /** Of a watched request: its connection closed before the answer had ended; microseconds of the monotonic clock. */
  z.object({ news: z.literal('left'), id: z.int(), us: z.number() }),
  z.object({
    news: z.literal('figures'),
    /** Answers under way. */
    open: z.int(),
    /** Connections, idle ones included. */
    sockets: z.int(),
    /** Chats so far. */
    chats: z.int(),
    /** Chats that came a second time because a kept connection had ended before a word was said. */
    again: z.int(),
    /** Chats that came a second time without that excuse, or a third time. */
    tooOften: z.int(),
    /** Requests that came while the answer before them was under way on the same connection. */
    pipelined: z.int(),
    /** Chats that no spec could be found in. */
    unreadable: z.int(),
  }),
])

export type UpstreamNews = z.infer<typeof upstreamNews>

export type UpstreamFigures = Omit<Extract<UpstreamNews, { news: 'figures' }>, 'news'>
