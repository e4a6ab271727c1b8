/** U-38: what stands between tolk and its Ollama answers with a page of its own. */
import { answer, says } from '../../support/fault-upstream.ts'
import type { Example } from '../example.ts'
import { saidIn } from '../said.ts'

const PAGE = `<html><head><title>502</title></head><body>
<h1>Bad Gateway</h1><p>http://admin:hunter2@gpu-7.corp.internal:11434/api/chat did not answer.</p>
<address>nginx at /etc/nginx/sites/ollama.conf</address></body></html>`

export const errorPage: Example = {
  place: 8,
  rows: ['U-38', 'U-63'],
  promise: 'An error page of something between is not passed on',
  story:
    'Instead of Ollama a proxy answers 502, with a page that names hosts, paths and a password.',
  others: 'the page, the host or the text of the exception, in the body of the answer.',
  play: async ({ ollama, chat, promised }) => {
    for (const stream of [true, false]) {
      ollama.fault = says(
        answer(
          '502 Bad Gateway',
          PAGE,
          'Content-Type: text/html',
          'Server: nginx',
          'Set-Cookie: a=b',
        ),
      )
      const page = await chat({ stream })
      const text = JSON.stringify(page.headers) + page.body
      promised(`stream: ${stream}, it is a 502`, page.status === 502)
      promised('in the shape of OpenAI’s errors', saidIn(page).code === 'upstream_error')
      promised(
        'and nothing of the page or its headers is in it',
        !/html|hunter2|internal|nginx|cookie/i.test(text),
      )
    }
  },
}
