/** For `--import`: when the process ends, the URL of every module it loaded stands on its standard error, one to a line. */
import { writeSync } from 'node:fs'
import { registerHooks } from 'node:module'

const loaded: string[] = []
registerHooks({
  load: (url, context, nextLoad) => {
    loaded.push(url)
    return nextLoad(url, context)
  },
})
process.once('exit', () => writeSync(2, loaded.map((url) => `${url}\n`).join('')))
