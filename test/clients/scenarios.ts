/** The scenarios of the client matrix: what every client must see. Ids are what the programs print. */

export const SCENARIOS = {
  models: 'list models, and retrieve one with a slash in its name',
  one_shot: 'one answer in one piece, with its usage',
  stream: 'the same answer streamed, usage at its end',
  reasoning: 'reasoning, streamed and not',
  tools: 'tool round trip',
  tools_streamed: 'tool round trip, streamed',
  two_calls: 'two calls at once, streamed and not',
  empty_arguments: 'a call without arguments',
  forced_tool: '`tool_choice: required`',
  structured: "structured output in the client's own type",
  image: 'an image by data URL',
  logprobs: 'log probabilities',
  n: '`n: 2`, streamed and not',
  sampling: '`seed`, `stop` and a limit of tokens',
  embeddings: 'embeddings, as floats and as base64',
  completions: 'legacy completions',
  unicode: 'unicode to the code point',
  errors: 'a typed error for 401, 403, 404, 400, 413, 429, 503 and 504',
  mid_stream_error: 'an error in mid-stream raises',
  abort: 'leaving a stream releases the upstream',
  silence: 'ten seconds of silence are survived',
  retries: "the client's own retries do not double a generation",
} as const

export type ScenarioId = keyof typeof SCENARIOS

export const isScenario = (id: string): id is ScenarioId => Object.hasOwn(SCENARIOS, id)

/** In the order of the table. */
export const SCENARIO_IDS = Object.keys(SCENARIOS).filter((id) => isScenario(id))
