/** What Ollama says of one model in three places → its ModelCard. */
import type { ModelCard, Serving } from '../../catalog/model-card.ts'
import type { Show } from './show.ts'
import type { Tag } from './tags.ts'

/** All that was learnt of one model. */
export type Findings = {
  readonly tag: Tag
  /** Undefined while `/api/show` has not answered: the card is then uncertain. */
  readonly show: Show | undefined
  /** The window it is in memory with, tokens, 0 when not said; undefined when not in memory. */
  readonly loaded: number | undefined
  readonly serving: Serving
}

/** Combines them: `/api/show` over `/api/tags`, and the operator's word over both. */
export const decodeModelCard = ({ tag, show, loaded, serving }: Findings): ModelCard => {
  const contextWindow = show?.contextWindow || tag.contextWindow || UNKNOWN_WINDOW
  const served = serving.numCtx || loaded || show?.numCtx || contextWindow
  return {
    name: tag.name,
    displayName: tag.name,
    capabilities: show?.capabilities ?? tag.capabilities,
    certain: show?.capabilities !== undefined,
    remote: tag.remote || show?.remote === true || CLOUD_NAME.test(tag.name),
    contextWindow,
    maxTokens: GENERATED_WINDOWS * contextWindow,
    // Ollama clamps every num_ctx to the trained length when it loads (0.33).
    servedWindow: Math.min(served, contextWindow),
    loaded: loaded !== undefined,
    modified: tag.modified,
    digest: tag.digest,
    size: tag.size,
    family: show?.family || tag.family,
    parameterSize: show?.parameterSize || tag.parameterSize,
    quantization: show?.quantization || tag.quantization,
    parameterCount: show?.parameterCount ?? 0,
    serving,
    cost: FREE,
  }
}

/** Ollama sends the requests for such names on to its cloud, whatever it has of them (`internal/modelref`, 0.33). */
const CLOUD_NAME = /[:-]cloud$/i

/** Tokens. What is assumed where nobody says; product § 4. */
const UNKNOWN_WINDOW = 8192

/** Ollama stops a generation after ten windows (`llm/llama_server.go: boundedNumPredict`, 0.33). */
const GENERATED_WINDOWS = 10

const FREE = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }
