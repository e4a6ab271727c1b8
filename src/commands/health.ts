/** `tolk health`: asks the tolk of this configuration whether it is well; for a container's HEALTHCHECK. */
import { isIPv6 } from 'node:net'
import type { Config } from '../config/config.ts'
import type { Print } from './print.ts'

const TIMEOUT_MS = 2000

export const healthCommand = async (config: Config, print: Print): Promise<number> => {
  try {
    const response = await fetch(`http://${ownAddress(config.server)}/healthz`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    print(response.ok ? 'ok\n' : `not well: status ${response.status}\n`)
    return response.ok ? 0 : 1
  } catch {
    print('not well: no answer\n')
    return 1
  }
}

/** All addresses are also this machine's own. */
const ownAddress = ({ host, port }: Config['server']): string => {
  if (host === '0.0.0.0' || host === '') return `127.0.0.1:${port}`
  if (host === '::') return `[::1]:${port}`
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}
