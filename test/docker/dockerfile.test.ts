/** What can be promised of the container without a Docker; `docker/verify.sh` builds and runs it. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const ROOT = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8')
const exists = (path: string): boolean => existsSync(new URL(path, ROOT))

/** Every instruction with its arguments, continued lines joined, in order. */
const instructions = read('docker/Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => {
    const [, name = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? []
    return { name, rest }
  })

const all = (name: string): string[] =>
  instructions.filter((instruction) => instruction.name === name).map(({ rest }) => rest)

/** What is copied from the repository, not from another stage. */
const copied = all('COPY')
  .filter((rest) => !rest.startsWith('--from='))
  .flatMap((rest) => rest.split(/\s+/).slice(0, -1))
  .map((path) => path.replace(/^\.\//, ''))

describe('the Dockerfile', () => {
  test('takes its base from a build argument, and ends on nothing', () => {
    expect(all('ARG')[0]).toMatch(/^BASE=node:24/)
    expect(all('FROM')).toEqual(['${BASE} AS build', 'scratch'])
  })

  test('copies what exists, and neither tests nor everything', () => {
    expect(copied).toEqual(['package.json', 'package-lock.json', 'rolldown.config.ts', 'src'])
    expect(copied.filter((path) => !exists(path))).toEqual([])
  })

  test('builds, keeps of the packages what tolk runs on, and runs no install script', () => {
    expect(all('RUN').filter((rest) => rest.startsWith('npm'))).toEqual([
      'npm ci --ignore-scripts',
      'npm run build && npm prune --omit=dev --omit=optional --ignore-scripts',
    ])
  })

  test('runs as a user without a name and without privileges', () => {
    expect(all('USER')).toEqual(['10001:10001'])
  })

  test('starts and asks after its health without a shell', () => {
    const [entrypoint = ''] = all('ENTRYPOINT')
    const [, health = ''] = /CMD (\[.*\])$/.exec(all('HEALTHCHECK')[0] ?? '') ?? []
    expect(JSON.parse(entrypoint)).toEqual(['node', '/app/dist/main.js'])
    expect(JSON.parse(health)).toEqual(['node', '/app/dist/main.js', 'health'])
    expect(all('RUN').some((rest) => rest.startsWith('npm run build'))).toBe(true)
    expect(all('CMD')).toEqual([])
  })
})

describe('the build context', () => {
  const lines = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))

  test('holds only what is copied', () => {
    expect(lines[0]).toBe('*')
    const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
    expect(allowed).toEqual(copied)
  })
})
