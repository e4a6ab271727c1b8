import { describe, expect, test } from 'vitest'
import { flagTable } from '../../src/config/flag-table.ts'
import { optionTable } from '../../src/config/option-table.ts'
import { load } from './world.ts'

const rows = optionTable()
const row = (path: string) => rows.find((each) => each.path === path)

describe('the manual', () => {
  test('has a sentence for every option', () => {
    for (const { path, description } of rows) {
      expect(`${path}: ${description}`).toMatch(/: [A-Z].*\.$/)
    }
  })

  test('has one row for each', () => {
    const paths = rows.map(({ path }) => path)
    expect(new Set(paths).size).toBe(paths.length)
  })

  test('knows the variable, the flag and the default', () => {
    expect(row('server.port')).toEqual({
      path: 'server.port',
      environment: 'TOLK_PORT',
      flag: '--port',
      default: '11435',
      description: 'The port to listen on. 0: any that is free.',
    })
  })

  test('knows the fields of lists and maps, which are set with the whole', () => {
    expect(row('upstreams.<name>.models[].contextWindow')).toMatchObject({
      environment: null,
      flag: null,
      default: '8192',
    })
    expect(row('models.params.*.numCtx')).toMatchObject({ environment: null, default: null })
    expect(row('auth.keys[].sha256')).toMatchObject({ environment: null, flag: null })
  })

  test('has a row for every flag that sets an option', () => {
    const wanted = Object.entries(flagTable).flatMap(([name, flag]) =>
      'option' in flag ? [[flag.option, `--${name}`]] : [],
    )
    expect(wanted.map(([option = '']) => [option, row(option)?.flag])).toEqual(wanted)
  })

  test('states the defaults that are in force', () => {
    const shown = load().settings
    const inForce = shown.map(({ name, shown: value }) => [
      name.replace('.ollama.', '.<name>.'),
      value,
    ])
    const stated = rows.filter(
      ({ default: value, environment }) => value !== null && environment !== null,
    )
    expect(stated.length).toBeGreaterThan(20)
    for (const { path, default: value } of stated) expect(inForce).toContainEqual([path, value])
  })
})
