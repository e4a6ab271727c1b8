/** What can be promised of the container without a Docker; `docker/verify.sh` builds and runs it. */
import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { documentAt, ROOT } from '../support/documents.ts'
import { isAtLeast, manifest } from '../support/lockfile.ts'
import { all, environment, execForm } from './dockerfile.ts'

const exists = (path: string): boolean => existsSync(`${ROOT}${path}`)

/** What is copied from the repository, not from another stage. */
const copied = all('COPY')
  .filter((rest) => !rest.startsWith('--from='))
  .flatMap((rest) => rest.split(/\s+/).slice(0, -1))
  .map((path) => path.replace(/^\.\//, ''))

describe('the Dockerfile', () => {
  test('N-08 builds in one stage and ships another, which begins with nothing', () => {
    expect(all('FROM')).toEqual(['${BASE} AS build', 'scratch'])
    const shipped = all('COPY').filter((rest) => rest.startsWith('--from='))
    expect(shipped.map((rest) => rest.split(' ').at(-1))).toEqual([
      '/',
      '/app/node_modules',
      '/app/',
      '/app/dist',
    ])
  })

  test('N-08 takes its base by the exact version that is tested here, or the one it is told', () => {
    const [base = ''] = all('ARG')
    const version = manifest().devDependencies['node'] ?? ''
    expect(base).toBe(`BASE=node:${version}-slim`)
    // What the flags in NODE_OPTIONS came with.
    expect(isAtLeast(version, '24.6')).toBe(true)
  })

  test('copies what exists, and neither tests nor everything', () => {
    expect(copied).toEqual([
      'package.json',
      'package-lock.json',
      'rolldown.config.ts',
      'src',
      '.ci/sbom.mjs',
    ])
    expect(copied.filter((path) => !exists(path))).toEqual([])
  })

  test('N-04 builds, keeps of the packages what tolk runs on, and runs no install script', () => {
    expect(all('RUN').filter((rest) => /^npm (?:ci|run build)/.test(rest))).toEqual([
      'npm ci --ignore-scripts',
      'npm run build && npm prune --omit=dev --omit=optional --ignore-scripts',
    ])
  })

  test('N-06 holds its bills of materials, in both of the usual forms', () => {
    expect(all('RUN')).toContain(
      'npm run --silent sbom > sbom.cdx.json && npm run --silent sbom:spdx > sbom.spdx.json',
    )
    expect(all('COPY')).toContain(
      '--from=build /app/package.json /app/sbom.cdx.json /app/sbom.spdx.json /app/',
    )
  })

  test('N-08 runs as a user without a name and without privileges', () => {
    expect(all('USER')).toEqual(['10001:10001'])
  })

  test('N-10, N-13 starts and asks after its health without a shell, and not by npm', () => {
    expect(execForm('ENTRYPOINT')).toEqual(['node', '/app/dist/main.js'])
    expect(execForm('HEALTHCHECK')).toEqual(['node', '/app/dist/main.js', 'health'])
    expect(all('HEALTHCHECK')[0]).toContain('--timeout=2s ')
    expect(all('RUN').some((rest) => rest.startsWith('npm run build'))).toBe(true)
    expect(all('CMD')).toEqual([])
  })

  test('N-12 gives the heap three quarters of what the container may use', () => {
    expect(environment()['NODE_OPTIONS']).toBe(
      '--max-old-space-size-percentage=75 --disable-sigusr1',
    )
  })
})

describe('the build context', () => {
  const lines = documentAt('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))

  test('holds only what is copied', () => {
    expect(lines[0]).toBe('*')
    const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
    expect(allowed).toEqual(copied)
  })
})
