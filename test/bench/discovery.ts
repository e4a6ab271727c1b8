/** What the fake Ollama tells of its models, so that a proxy may check names and abilities as in life. */
import { modelOf, WORKLOADS } from './workload.ts'

/** The whole HTTP answer to a request line such as `GET /api/tags`; undefined: it is a chat. */
export const discoveryAnswer = (line: string): string | undefined => ANSWERS.get(line)

const details = {
  parent_model: '',
  format: 'gguf',
  family: 'llama',
  families: ['llama'],
  parameter_size: '1B',
  quantization_level: 'F16',
}
const capabilities = ['completion', 'tools', 'thinking', 'vision']
const MODIFIED_AT = '2025-11-21T11:16:43.123456789Z'
/** Large enough for a request of ten megabytes. */
const CONTEXT_LENGTH = 8_388_608

const tags = {
  models: Object.values(WORKLOADS).map((workload, index) => ({
    name: `${modelOf(workload)}:latest`,
    model: `${modelOf(workload)}:latest`,
    modified_at: MODIFIED_AT,
    size: 1000,
    digest: String(index).padStart(64, '0'),
    details: { ...details, context_length: CONTEXT_LENGTH, embedding_length: 64 },
    capabilities,
  })),
}

const show = {
  details,
  model_info: {
    'general.architecture': 'llama',
    'general.parameter_count': 1_000_000_000,
    'llama.context_length': CONTEXT_LENGTH,
  },
  capabilities,
  modified_at: MODIFIED_AT,
}

const json = (value: object): string => {
  const body = JSON.stringify(value)
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

const ANSWERS = new Map([
  ['GET /api/version', json({ version: '0.33.0' })],
  ['GET /api/ps', json({ models: [] })],
  ['GET /api/tags', json(tags)],
  ['POST /api/show', json(show)],
])
