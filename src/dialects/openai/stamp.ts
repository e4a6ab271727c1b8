/** Stamp: what all chunks of one completion share. */

/** Handed in, because a clock and randomness made it. */
export type Stamp = {
  /** `chatcmpl-` or `cmpl-`, and 128 random bits, hexadecimal. */
  readonly id: string
  /** Unix seconds. */
  readonly created: number
  /** The model as the client named it. */
  readonly model: string
}

/** What Ollama's own /v1 says here: a client that looks at it sees no change (`openai/openai.go`, 0.33). */
export const SYSTEM_FINGERPRINT = 'fp_ollama'
