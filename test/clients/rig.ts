/** All that one client runs against: the models, two tolks in front of them, the control; as its environment. */
import { startTolk } from '../support/tolk.ts'
import { startControl } from './control.ts'
import { startModels } from './stand-in.ts'

export type Rig = {
  readonly environment: Readonly<Record<string, string>>
  close(): Promise<void>
}

const KEYS = { API_KEY: 'sk-good', LIMITED_KEY: 'sk-limited', NARROW_KEY: 'sk-narrow' } as const

const SETTINGS = {
  auth: {
    keys: [
      { name: 'good', key: KEYS.API_KEY },
      { name: 'limited', key: KEYS.LIMITED_KEY, requestsPerMinute: 1 },
      { name: 'narrow', key: KEYS.NARROW_KEY, models: ['demo-thinker*', 'demo-vision*'] },
    ],
  },
  limits: { maxBodyBytes: 200_000, perKeyInFlight: 0 },
  log: { level: 'silent' },
}

export const startRig = async (): Promise<Rig> => {
  const ollama = await startModels()
  const tolk = await startTolk(ollama.url, {
    ...SETTINGS,
    downstream: { commitAfterMs: 1000, heartbeatMs: 1000 },
  })
  const impatient = await startTolk(ollama.url, {
    ...SETTINGS,
    upstream: { firstByteTimeoutMs: 2000 },
  })
  const control = await startControl(ollama)
  return {
    environment: {
      ...KEYS,
      BASE_URL: tolk.baseURL,
      BASE_URL_IMPATIENT: impatient.baseURL,
      CONTROL_URL: control.url,
    },
    close: async () => {
      await Promise.all([tolk.close(), impatient.close(), control.close()])
      await ollama.close()
    },
  }
}
