/** Ready-to-paste programs for a running tolk: curl, Python, JavaScript. */

export type SnippetTarget = {
  /** With `/v1`, as an SDK wants it. */
  readonly baseUrl: string
  readonly model: string
  readonly key: string
}

export type Snippet = { readonly title: string; readonly code: string }

const QUESTION = 'Tell me a story.'

/** Each asks the same question and prints the answer as it streams. */
export const snippets = ({ baseUrl, model, key }: SnippetTarget): readonly Snippet[] => [
  {
    title: 'curl',
    code: `curl -N ${baseUrl}/chat/completions \\
  -H 'content-type: application/json' -H 'authorization: Bearer ${key}' \\
  -d '{"model": "${model}", "stream": true, "messages": [{"role": "user", "content": "${QUESTION}"}]}'`,
  },
  {
    title: 'Python (pip install openai)',
    code: `from openai import OpenAI
client = OpenAI(base_url="${baseUrl}", api_key="${key}")
stream = client.chat.completions.create(
    model="${model}", stream=True, messages=[{"role": "user", "content": "${QUESTION}"}])
for chunk in stream: print(chunk.choices[0].delta.content or "", end="", flush=True)`,
  },
  {
    title: 'JavaScript (npm install openai)',
    code: `import OpenAI from 'openai'
const client = new OpenAI({ baseURL: '${baseUrl}', apiKey: '${key}' })
const stream = await client.chat.completions.create({
  model: '${model}', stream: true, messages: [{ role: 'user', content: '${QUESTION}' }] })
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '')`,
  },
]
