import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  createReadStream,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { logOutput } from '../src/log-output.ts'

let folder: string
let fd: number

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tolk-log-'))
  fd = openSync(join(folder, 'log'), 'w')
})
afterEach(() => {
  closeSync(fd)
  rmSync(folder, { recursive: true })
})

const written = (): string => readFileSync(join(folder, 'log'), 'utf8')

test('lines come in order, soon, and all of them', async () => {
  const output = logOutput(fd)
  const lines = Array.from({ length: 500 }, (_, at) => `line ${at}: naïve 日本\n`)
  for (const line of lines) output.write(line)
  await expect.poll(written).toBe(lines.join(''))
  output.write('and more\n')
  await expect.poll(written).toBe(`${lines.join('')}and more\n`)
})

test('what waits at the end is written then', () => {
  const output = logOutput(fd)
  output.write('last\n')
  expect(written()).toBe('')
  output.flush()
  output.flush()
  expect(written()).toBe('last\n')
})

test('more than anyone should keep is dropped by whole lines', () => {
  const output = logOutput(fd)
  const line = `${'x'.repeat(64 * 1024 - 1)}\n`
  for (let at = 0; at < 140; at += 1) output.write(line)
  output.flush()
  expect(written()).toBe(line.repeat(128))
})

test('of five thousand streams that end at once each has its line', async () => {
  const output = logOutput(fd)
  const lines = Array.from({ length: 5000 }, (_, at) => `${at} ${'x'.repeat(450)}\n`)
  for (const line of lines) output.write(line)
  await expect.poll(written, { timeout: 10_000 }).toBe(lines.join(''))
})

test('a full disk loses lines and nothing else', () => {
  const full = openSync('/dev/full', 'w')
  const output = logOutput(full)
  for (let at = 0; at < 3; at += 1) {
    output.write('lost\n')
    expect(() => output.flush()).not.toThrow()
  }
  closeSync(full)
})

test('a reader who lags on a pipe that does not block gets every line', async () => {
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  // As standard output is once Node has said a word on it.
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const pipe = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  const output = logOutput(pipe)
  const sent = Array.from({ length: 1000 }, (_, at) => `${at} ${'x'.repeat(400)}\n`)
  for (const line of sent) output.write(line)
  const buffer = Buffer.alloc(64 * 1024)
  let received = ''
  const read = (): string => {
    try {
      received += buffer.toString('latin1', 0, readSync(reader, buffer))
    } catch (error) {
      // The pipe is empty just now.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
    return received
  }
  await expect.poll(read, { interval: 20, timeout: 10_000 }).toBe(sent.join(''))
  closeSync(pipe)
  closeSync(reader)
})

test('no line is torn by that of another process on the same pipe', async () => {
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  // Open for both, a pipe has no end that anybody would wait for.
  const pipe = openSync(path, 'r+')
  const words = ['a', 'b', 'c']
  for (const word of words) {
    // Much more than a pipe holds, so that each has to wait in the middle, again and again.
    const output = logOutput(pipe, true)
    for (let at = 0; at < 600; at += 1) output.write(`${word.repeat(1000 + (at % 2000))}\n`)
  }
  const lines: string[] = []
  for await (const line of createInterface(createReadStream(path))) {
    if (lines.push(line) === words.length * 600) break
  }
  closeSync(pipe)
  expect(lines.filter((line) => !/^(a+|b+|c+)$/.test(line))).toEqual([])
  expect(new Set(lines.map((line) => line[0]))).toEqual(new Set(words))
})
