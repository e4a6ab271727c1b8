/** The recipes of docker/: they lock tolk down, open no door, and name no option that tolk does not know. */
import { readFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { CONFIG_VARIABLE } from '../../src/config/sources/environment.ts'
import { options } from '../../src/config/options.ts'
import { createDemoScript, DEMO_MODELS } from '../../src/demo/demo-models.ts'
import { createStandIn } from '../../src/demo/stand-in.ts'
import { runProgram } from '../support/program.ts'
import { startTolk } from '../support/tolk.ts'

const read = (path: string): string =>
  readFileSync(new URL(`../../docker/${path}`, import.meta.url), 'utf8')

const compose = read('compose.yaml')
const readme = read('README.md')

/** The lines under a key of a YAML text, one level less indented; there is no parser here to ask. */
const under = (text: string, key: string): string => {
  const match = new RegExp(`^( *)${key}:\\n`, 'm').exec(text)
  if (match === null) throw new Error(`no ${key}:`)
  const [head, indent = ''] = match
  const lines: string[] = []
  for (const line of text.slice(match.index + head.length).split('\n')) {
    if (line.trim() !== '' && !line.startsWith(`${indent} `)) break
    lines.push(line.slice(indent.length + 2))
  }
  return lines.join('\n')
}

const fenced = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, code = '']) => code,
  )

const COMPOSE_LOCKS = [
  'read_only: true',
  'cap_drop: [ALL]',
  'security_opt: [no-new-privileges]',
  'pids_limit: 64',
  'mem_limit: 512m',
  'stop_grace_period: 40s',
]
const RUN_LOCKS = [
  '--read-only',
  '--cap-drop ALL',
  '--security-opt no-new-privileges',
  '--pids-limit 64',
  '--memory 512m',
  '--stop-timeout 40',
]

describe('every recipe', () => {
  const services = [compose, ...fenced('yaml').filter((code) => code.startsWith('services:'))]
  const runs = fenced('sh').filter((code) => code.includes('docker run'))

  test('N-20 locks tolk down', () => {
    expect(services).toHaveLength(2)
    for (const text of services) {
      const tolk = under(text, 'tolk').split('\n')
      expect(tolk).toEqual(expect.arrayContaining(COMPOSE_LOCKS))
    }
    expect(runs).toHaveLength(2)
    for (const run of runs) {
      expect(RUN_LOCKS.filter((flag) => !run.includes(`${flag} `))).toEqual([])
    }
  })

  test('asks for keys where others than the app can connect', () => {
    for (const recipe of [...services, ...runs]) {
      expect(recipe).toMatch(/TOLK_API_KEYS|TOLK_HOST: 127\.0\.0\.1/)
    }
  })

  test('publishes ports on loopback only', () => {
    const published = [compose, ...runs]
      .join('\n')
      .matchAll(/(?:ports: \['|--publish )(?<address>\S*:11435)/g)
    const addresses = [...published].map(({ groups }) => groups?.['address'])
    expect(addresses).toEqual(['127.0.0.1:11435:11435', '127.0.0.1:11435:11435'])
  })

  test('names no variable that tolk would refuse', () => {
    const known = new Set([CONFIG_VARIABLE, ...options.map(({ environment }) => environment)])
    const named = [compose, readme, read('Dockerfile'), read('verify.sh')].flatMap(
      (text) => text.match(/\bTOLK_[A-Z_]+/g) ?? [],
    )
    expect(named).toContain('TOLK_API_KEYS')
    expect(named.filter((name) => !known.has(name))).toEqual([])
  })
})

test('the app of compose.yaml prints what the model says', async () => {
  const ollama = await createStandIn({ models: DEMO_MODELS, script: createDemoScript(0) })
  onTestFinished(() => ollama.close())
  const tolk = await startTolk(ollama.url, { auth: { keys: [{ name: 'app', key: 'a-key' }] } })
  onTestFinished(() => tolk.close())

  const script = under(under(compose, 'app'), 'command').replace(/^- node\n- --eval\n- \|\n/, '')
  const app = runProgram({
    command: [process.execPath, '--eval', script],
    env: { OPENAI_BASE_URL: tolk.baseURL, OPENAI_API_KEY: 'a-key', MODEL: 'demo-writer' },
  })
  onTestFinished(() => app.kill())
  expect(await app.ended).toEqual({ code: 0, signal: null })
  expect(app.stdout()).toMatch(/"delta":\{"content":"/)
  expect(app.stdout()).toMatch(/data: \[DONE\]\n\n$/)
})
