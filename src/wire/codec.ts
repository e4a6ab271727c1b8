/** Decoder and Encoder: what stands between octets (`wire/octets.ts`) and events, in whatever dialect. */

/**
 * Wire to ours. Synchronous and total: any bytes in any state have an answer, and a fault is an event.
 * The events do not depend on where the bytes were cut.
 */
export type Decoder<Event> = {
  /** Takes the next slices, in octets. */
  feed(...slices: readonly string[]): readonly Event[]
  /** Nothing more comes. */
  end(): readonly Event[]
  /** How many records were read so far: what "progress" means to a deadline. */
  readonly records: number
}

/** Ours to wire, in octets. Synchronous and total; an event that says nothing gives an empty string. */
export type Encoder<Event> = {
  encode(batch: readonly Event[]): string
}
