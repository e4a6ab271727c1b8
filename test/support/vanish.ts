/**
 * A client that vanishes without a word: its address is taken away while it waits for an answer, in a network
 * namespace of this process' own, where the kernel is impatient. Run by `test/client-faults/vanishing.test.ts`;
 * prints what became of the exchange as a line of JSON.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { createScriptedOllama, word } from './scripted-ollama.ts'
import { postOf } from './socket-client.ts'
import { startTolk } from './tolk.ts'

const ADDRESS = '10.99.0.2'
const DEADLINE_MS = 20_000

const ip = (...words: readonly string[]): unknown => execFileSync('ip', words)

/** Looks every 20 ms. @throws when the deadline passes first. */
const until = async (what: string, isSo: () => boolean): Promise<void> => {
  const end = performance.now() + DEADLINE_MS
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
  }
}

ip('link', 'set', 'lo', 'up')
ip('address', 'add', `${ADDRESS}/32`, 'dev', 'lo')
// Repeats little of what is not acknowledged.
writeFileSync('/proc/sys/net/ipv4/tcp_retries2', '2')

const ollama = await createScriptedOllama({ script: () => [word('a'), { hold: true }] })
const tolk = await startTolk(ollama.url, {
  downstream: { heartbeatMs: 200 },
  shutdown: { drainMs: 0 },
})
await tolk.catalog.started
const openChats = (): number => ollama.open().filter(({ route }) => route === '/api/chat').length

let received = ''
const client = connect({
  host: '127.0.0.1',
  port: Number(new URL(tolk.url).port),
  localAddress: ADDRESS,
})
client.on('error', () => {})
client.on('data', (bytes) => (received += bytes.toString('latin1')))
const messages = [{ role: 'user', content: 'Hi' }]
client.write(postOf('/v1/chat/completions', { model: 'm', stream: true, messages }))
await until('a heartbeat', () => openChats() === 1 && received.includes(': keep'))
ip('address', 'delete', `${ADDRESS}/32`, 'dev', 'lo')
await until('the end of the chat', () => openChats() === 0)
await until('its line', () => tolk.logged.length > 0)
process.stdout.write(`[${tolk.logged.join()}]\n`)
process.exit(0)
