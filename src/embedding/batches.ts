/** Cuts a request for many vectors into requests that an upstream answers soon. */

/** How many inputs go upstream together: their vectors are some 3 MB of JSON at the most, read at once. */
export const MAX_INPUTS = 64
/** Characters of all of them together, unless one alone is longer: some 16,000 words. */
export const MAX_CHARACTERS = 100_000

/**
 * In the order they came, none left out. Ollama embeds the inputs of a request one after another
 * (contract § 1.11), so nothing is lost by asking several times, and each answer has its own deadline.
 */
export function* batchesOf(inputs: readonly string[]): Generator<readonly string[], void> {
  let batch: string[] = []
  let characters = 0
  for (const input of inputs) {
    if (
      batch.length === MAX_INPUTS ||
      (batch.length > 0 && characters + input.length > MAX_CHARACTERS)
    ) {
      yield batch
      batch = []
      characters = 0
    }
    batch.push(input)
    characters += input.length
  }
  if (batch.length > 0) yield batch
}
