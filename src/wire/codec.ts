/** Decoder and Encoder: what stands between bytes and events, in whatever dialect. */

/**
 * Wire to ours. Synchronous and total: every text in every state has an answer, and a fault is an
 * event. The events do not depend on where the text was cut.
 */
export type Decoder<Event> = {
  /** Takes the next slice of text. */
  feed(slice: string): readonly Event[]
  /** The text is over. */
  end(): readonly Event[]
  /** How many records were read so far: what "progress" means to a deadline. */
  readonly records: number
}

/** Ours to wire. Synchronous and total; an event that says nothing gives an empty string. */
export type Encoder<Event> = {
  encode(batch: readonly Event[]): string
}
