/** What one answer is to be: decided by a seed, carried to the upstream in the prompt, and known to who hears it. */
import { z } from 'zod'
import { isCutShort, isFault } from './faults.ts'

const spec = z.object({
  /** No two requests of a run have the same. */
  id: z.int(),
  /** Decides the words, and where lines are cut. */
  seed: z.int(),
  deltas: z.int(),
  /** How many of the deltas are thinking; they come first. */
  thinking: z.int(),
  /**
   * How lines become chunks and writes: one each, sixteen to a chunk, cut anywhere, or octet by octet.
   */
  chunking: z.enum(['line', 'batch', 'cut', 'octets']),
  /** Between two writes, ms; 0: as fast as the socket takes them. */
  paceMs: z.number(),
  /** Silence before the head, ms. */
  firstMs: z.number(),
  /** Octets beside its words that each delta has. */
  padding: z.int(),
  /** Whether each delta carries the moment when it was written. */
  isStamped: z.boolean(),
  fault: z.string().refine(isFault),
  /** How many deltas are said whole before the fault. */
  at: z.int(),
  /** Whether the upstream tells at once that it was asked, and that it was left. */
  isWatched: z.boolean(),
})

export type Spec = z.infer<typeof spec>

/** The chunkings there are. */
export const CHUNKINGS = spec.shape.chunking.options

/** A plain answer, but for what is said. */
export const specOf = (id: number, seed: number, over: Partial<Spec> = {}): Spec => ({
  id,
  seed,
  deltas: 20,
  thinking: 0,
  chunking: 'line',
  paceMs: 0,
  firstMs: 0,
  padding: 0,
  isStamped: false,
  fault: 'none',
  at: 0,
  isWatched: false,
  ...over,
})

/** How many deltas the upstream says whole. */
export const saidIn = ({ fault, at, deltas }: Spec): number => (isCutShort(fault) ? at : deltas)

const asked = z.object({ messages: z.array(z.object({ content: z.string() })).min(1) })

/** Finds it in the body of a chat as Ollama is sent it. @throws when there is none. */
export const specIn = (body: string): Spec => {
  const { messages } = asked.parse(JSON.parse(body))
  return spec.parse(JSON.parse(messages.at(-1)?.content ?? ''))
}

/** A request for it as a client writes it. @param ballast octets of prompt that mean nothing. */
export const bodyFor = (one: Spec, stream: boolean, ballast = 0): object => ({
  model: MODEL,
  stream,
  messages: [
    ...(ballast > 0 ? [{ role: 'user', content: '.'.repeat(ballast) }] : []),
    { role: 'user', content: JSON.stringify(one) },
  ],
})

/** The only model there is. */
export const MODEL = 'soak'
