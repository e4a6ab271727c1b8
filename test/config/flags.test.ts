import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/config/config-error.ts'
import { commands, flagTable } from '../../src/config/flag-table.ts'
import { readCommandLine } from '../../src/config/flags.ts'
import { helpText } from '../../src/config/help.ts'
import { load } from './world.ts'

const line = (text: string) => readCommandLine(text === '' ? [] : text.split(' '))

describe('reads a command and its flags', () => {
  test.each([
    ['', 'serve', {}],
    ['serve', 'serve', {}],
    ['demo --port 0', 'demo', { port: '0' }],
    ['--port 0 demo', 'demo', { port: '0' }],
    ['models --json', 'models', { json: true }],
    ['check -c x.json5', 'check', { config: 'x.json5' }],
    ['-p8080', 'serve', { port: '8080' }],
    ['--port=8080 --host=::1', 'serve', { port: '8080', host: '::1' }],
    ['-u http://box', 'serve', { upstream: 'http://box' }],
    ['--strict --allow-anonymous', 'serve', { strict: true, 'allow-anonymous': true }],
    ['--no-strict', 'serve', { strict: false }],
    ['--port 1 --port 2', 'serve', { port: '2' }],
    ['--help', 'help', { help: true }],
    ['models -h', 'help', { help: true }],
    ['help models', 'help', {}],
    ['--version', 'version', { version: true }],
    ['-v', 'version', { version: true }],
    ['version', 'version', {}],
    ['schema', 'schema', {}],
    ['health', 'health', {}],
    ['key', 'key', {}],
  ])('tolk %s', (text, command, flags) => {
    expect(line(text)).toEqual({ command, flags, operand: null })
  })

  test('and the name of a new key', () => {
    expect(line('key laptop')).toEqual({ command: 'key', flags: {}, operand: 'laptop' })
  })
})

describe('refuses what it does not know, with the nearest it does', () => {
  test.each([
    ['--prot 1', 'unknown flag `--prot`: did you mean `--port`?'],
    ['--loglevel info', 'unknown flag `--loglevel`: did you mean `--log-level`?'],
    ['--api-key canary', 'unknown flag `--api-key`: `tolk --help` lists them all'],
    ['-z', 'unknown flag `-z`: `tolk --help` lists them all'],
    ['modles', 'unknown command `modles`: did you mean `models`?'],
    ['toString', 'unknown command `toString`: `tolk --help` lists them all'],
    ['--toString', 'unknown flag `--toString`: `tolk --help` lists them all'],
    ['--port', '`--port` needs a value: --port <number>.'],
    ['--port=', '`--port` needs a value: --port <number>.'],
    ['--host --strict', '`--host` needs a value: --host <address>.'],
    ['--strict=no', '`--strict` takes no value; write `--strict` or `--no-strict`.'],
    ['--no-port', '`--no-port` is no flag; leave `--port` out instead.'],
    ['serve now', '`tolk serve` does not know what to do with `now`; leave it out.'],
    ['key a b', '`tolk key` does not know what to do with `b`; leave it out.'],
    ['--json', '`--json` goes with `tolk models` only.'],
  ])('tolk %s', (text, problem) => {
    expect(() => line(text)).toThrow(new ConfigError([problem]))
  })

  test('and names every flag that is wrong', () => {
    expect(() => line('--prot 1 --hots a')).toThrow(/`--prot`.*\n.*`--hots`/)
  })
})

test.each([
  ['--host 127.0.0.2', { server: { host: '127.0.0.2' } }],
  ['--port 1', { server: { port: 1 } }],
  ['--workers 2', { server: { workers: 2 } }],
  ['--upstream box', { upstream: { baseUrl: 'http://box:11434' } }],
  ['--allow-anonymous', { server: { allowAnonymous: true } }],
  ['--list all', { catalog: { list: 'all' } }],
  ['--reasoning-field reasoning', { openai: { reasoningField: 'reasoning' } }],
  ['--strict', { openai: { strict: true } }],
  ['--log-level debug', { log: { level: 'debug' } }],
])('%s sets its option', (text, config) => {
  expect(load({ flags: line(text).flags }).config).toMatchObject(config)
})

describe('--help', () => {
  test('names every command and every flag', () => {
    for (const command of Object.keys(commands)) {
      expect(helpText()).toMatch(new RegExp(`^  ${command} +\\S`, 'm'))
    }
    for (const flag of Object.keys(flagTable)) {
      expect(helpText()).toMatch(new RegExp(`^  (?:-\\w, |    )--${flag}(?: <.+>)? +\\S`, 'm'))
    }
  })

  test('fits a terminal', () => {
    expect(
      Math.max(
        ...helpText()
          .split('\n')
          .map(({ length }) => length),
      ),
    ).toBeLessThanOrEqual(100)
  })
})
