/** A-15, F-01: what a client may say of where tolk goes, which is nothing. */
import { well } from '../../support/fault-upstream.ts'
import { createRawUpstream } from '../../support/raw-upstream.ts'
import type { Example } from '../example.ts'
import { saidIn } from '../said.ts'
import { UPSTREAM_KEY } from '../stage.ts'

export const chosenDestination: Example = {
  place: 18,
  rows: ['A-15', 'F-01', 'F-14'],
  promise: 'A client chooses no destination: no base URL of its own, no picture to fetch',
  story:
    'A client names another server as api_base, base_url, host and proxy, and then as the URL of a picture.',
  others: 'the question and the operator’s key go there, or what is inside the network is fetched.',
  play: async ({ ollama, chat, promised }) => {
    const trap = await createRawUpstream((_, socket) => void socket.end())
    try {
      ollama.fault = well(false)
      const there = { api_base: trap.url, base_url: trap.url, host: trap.url, proxy: trap.url }
      const asked = await chat({ ...there, api_key: 'theirs', headers: { Host: trap.url } })
      promised('such fields count for nothing: Ollama answers', saidIn(asked).text === 'Hello.')
      const [served] = ollama.chats
      promised('with the key of the operator', served?.head.includes(UPSTREAM_KEY) === true)

      const image = { type: 'image_url', image_url: { url: `${trap.url}/latest/meta-data` } }
      const picture = await chat({ messages: [{ role: 'user', content: [image] }] })
      promised('a picture by its URL is a 400', picture.status === 400)
      promised('that says what to send', saidIn(picture).message.includes('data URL'))
      promised('nobody ever connected to the other server', trap.connections() === 0)
    } finally {
      await trap.close()
    }
  },
}
