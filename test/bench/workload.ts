/** What the fake Ollama is to say, carried in a model's name: a name survives every proxy. */

export type Workload = {
  /** Tokens of one answer, thinking among them. */
  readonly tokens: number
  /** How many of them are thinking; they come first. */
  readonly thinking: number
  /** From one token to the next, ms. 0: as fast as the socket takes them. */
  readonly delayMs: number
  /** Tokens that share an HTTP chunk and a write. */
  readonly perWrite: number
  /** Silence before the head, ms: a prompt that is still being read. */
  readonly firstMs: number
  /** Silence between the last token and the last line, ms: everything is said, and nothing is over. */
  readonly restMs: number
}

/** As it is asked for, such as `bench-t200-k20-d0-w16-f0-r0`. */
export const modelOf = ({
  tokens,
  thinking,
  delayMs,
  perWrite,
  firstMs,
  restMs,
}: Workload): string =>
  `bench-t${tokens}-k${thinking}-d${delayMs}-w${perWrite}-f${firstMs}-r${restMs}`

/** @throws when it is no model of the bench. A `:latest` behind it is no part of the name. */
export const workloadOf = (model: string): Workload => {
  const found = NAME.exec(model)?.groups
  if (found === undefined) throw new Error(`not a model of the bench: ${model}`)
  return {
    tokens: Number(found['tokens']),
    thinking: Number(found['thinking']),
    delayMs: Number(found['delay']),
    perWrite: Number(found['write']),
    firstMs: Number(found['first']),
    restMs: Number(found['rest']),
  }
}

const NAME =
  /^bench-t(?<tokens>\d+)-k(?<thinking>\d+)-d(?<delay>\d+)-w(?<write>\d+)-f(?<first>\d+)-r(?<rest>\d+)(?::latest)?$/

const fast = { tokens: 200, thinking: 20, delayMs: 0, perWrite: 1, firstMs: 0, restMs: 0 }

/** Everything that is ever asked for: the fake Ollama lists it, so that names are checked as in life. */
export const WORKLOADS = {
  /** A fast model's pace: 50 tokens a second, each a write of its own. */
  paced: { ...fast, tokens: 100, delayMs: 20 },
  /** As much as goes through: 16 tokens to a write. */
  coalesced: { ...fast, perWrite: 16 },
  /** A short answer, where the request costs more than its tokens. */
  brief: { ...fast, tokens: 10, thinking: 2 },
  /** Streams that are open and say next to nothing: a token in five seconds. */
  idle: { ...fast, tokens: 1000, thinking: 0, delayMs: 5000 },
  /** The head never comes. */
  unanswered: { ...fast, tokens: 100, thinking: 0, delayMs: 20, firstMs: 60_000 },
  /** Tokens without an end. */
  flowing: { ...fast, tokens: 100_000, thinking: 0, delayMs: 20 },
  /** Five tokens, and then nothing for longer than the bench lasts. */
  silent: { ...fast, tokens: 100_000, thinking: 0, delayMs: 100_000, perWrite: 5 },
  /** About 1 MB of text, in the tokens that a model would make of it. */
  megabyte: { ...fast, tokens: 252_000, thinking: 0, perWrite: 16 },
  /** The same, with a rest before it ends: time to see what is held. */
  heldMegabyte: { ...fast, tokens: 252_000, thinking: 0, perWrite: 16, restMs: 1500 },
} as const satisfies { readonly [name: string]: Workload }
