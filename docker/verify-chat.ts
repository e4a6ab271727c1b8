/** What docker/verify.sh asks of a running tolk, through the real SDK, which reads OPENAI_BASE_URL and OPENAI_API_KEY. */
import assert from 'node:assert/strict'
import OpenAI from 'openai'

const patience = { timeout: 15_000, maxRetries: 0 }
const client = new OpenAI(patience)

const { data: models } = await client.models.list()
const model = models[0]?.id ?? assert.fail('no model is listed')
const question = { model, messages: [{ role: 'user' as const, content: 'Tell me a story.' }] }

const whole = await client.chat.completions.create(question)
assert.equal(whole.choices[0]?.finish_reason, 'stop')
const said = whole.choices[0].message.content ?? ''
assert.notEqual(said, '')

let streamed = ''
let finishReason: string | null = null
for await (const { choices } of await client.chat.completions.create({
  ...question,
  stream: true,
})) {
  streamed += choices[0]?.delta.content ?? ''
  finishReason = choices[0]?.finish_reason ?? finishReason
}
assert.equal(streamed, said)
assert.equal(finishReason, 'stop')

await assert.rejects(
  new OpenAI({ ...patience, apiKey: 'not-the-key' }).models.list(),
  OpenAI.AuthenticationError,
)

process.stdout.write(`${model} said ${said.length} characters, streamed and whole\n`)
