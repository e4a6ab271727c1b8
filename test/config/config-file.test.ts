import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'

describe('a file on a real disk', () => {
  let directory = ''

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tolk-config-'))
    writeFileSync(
      join(directory, 'tolk.json5'),
      "{ upstreams: { lan: { baseUrl: 'http://lan', apiKeyFile: 'key' } } } // ours\n",
    )
    writeFileSync(join(directory, 'key'), 'k3y\n')
  })
  afterAll(() => rmSync(directory, { recursive: true }))

  test('is found where tolk is started, with the secret beside it', () => {
    const { config, file } = loadConfig({ environment: {}, cwd: directory })
    expect(file).toBe('tolk.json5')
    expect(config.upstream.headers.reveal()).toEqual({ authorization: 'Bearer k3y' })
  })

  test('is found by its name from elsewhere, its secret still beside it', () => {
    const flags = { config: join(directory, 'tolk.json5') }
    const { config } = loadConfig({ flags, environment: {}, cwd: tmpdir() })
    expect(config.upstream.headers.reveal()).toEqual({ authorization: 'Bearer k3y' })
  })

  test('is no directory', () => {
    expect(() => loadConfig({ flags: { config: directory }, environment: {} })).toThrow(
      `\`--config\` names ${directory}, which is a directory.`,
    )
  })

  test('need not be there', () => {
    const { config, file } = loadConfig({ environment: {}, cwd: join(directory, 'nowhere') })
    expect(file).toBeNull()
    expect(config.upstream.name).toBe('ollama')
  })
})
