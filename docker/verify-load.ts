/** Many streams at once, for docker/verify.sh: each must come whole. Says how many did. */
import assert from 'node:assert/strict'

const STREAMS = 1000

const { OPENAI_BASE_URL: base = '', OPENAI_API_KEY: key = '' } = process.env
const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }

const listed = await fetch(`${base}/models`, { headers })
const models: { data: readonly { id: string }[] } = JSON.parse(await listed.text())
const body = JSON.stringify({
  model: models.data[0]?.id ?? assert.fail('no model is listed'),
  messages: [{ role: 'user', content: 'Tell me a story.' }],
  stream: true,
})

/** @returns the events that a client reads of one stream, comments left out. */
const stream = async (): Promise<readonly string[]> => {
  const response = await fetch(`${base}/chat/completions`, { method: 'POST', headers, body })
  assert.equal(response.status, 200)
  const text = await response.text()
  return text.split('\n\n').filter((frame) => frame.startsWith('data: '))
}

const answers = await Promise.all(Array.from({ length: STREAMS }, stream))
const events = answers[0]?.length ?? 0
assert.ok(events > 10)
for (const answer of answers) {
  assert.equal(answer.length, events)
  assert.equal(answer.at(-1), 'data: [DONE]')
}
process.stdout.write(`${STREAMS} streams of ${events} events\n`)
