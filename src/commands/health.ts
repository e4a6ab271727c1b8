/** `tolk health`: asks the tolk of this configuration whether it is well; for a container's HEALTHCHECK. */
import { get } from 'node:http'
import { isIPv6 } from 'node:net'
import type { Config } from '../config/config.ts'
import type { Print } from './print.ts'

/** Within the two seconds that the image's HEALTHCHECK has for this process, its start included. */
const TIMEOUT_MS = 1000

export const healthCommand = async (config: Config, print: Print): Promise<number> => {
  try {
    const status = await statusAt(`http://${ownAddress(config.server)}/healthz`)
    print(status === 200 ? 'ok\n' : `not well: status ${status}\n`)
    return status === 200 ? 0 : 1
  } catch {
    print('not well: no answer\n')
    return 1
  }
}

/** Not by `fetch`, nor by an agent that others share: with NODE_USE_ENV_PROXY they would ask a proxy. */
const statusAt = (url: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const options = { agent: false, signal: AbortSignal.timeout(TIMEOUT_MS) }
    const request = get(url, options, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    request.once('error', reject)
  })

/** All addresses are also this machine's own. */
const ownAddress = ({ host, port }: Config['server']): string => {
  if (host === '0.0.0.0' || host === '') return `127.0.0.1:${port}`
  if (host === '::') return `[::1]:${port}`
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}
