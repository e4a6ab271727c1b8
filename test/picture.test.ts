/** Pictures tell their type and size, and nothing that is no picture does. */
import { describe, expect, test } from 'vitest'
import { readPicture } from '../src/picture.ts'

/** 640 by 480 pixels, up to where the size is said. */
const HEADERS = {
  PNG: '89504e470d0a1a0a0000000d4948445200000280000001e0',
  GIF: '4749463839618002e001',
  JPEG: 'ffd8ffe000104a46494600010100000100010000ffc0001108 01e0 0280 03',
  'WebP, lossy': '524946460000000057454250 56503820 00000000 000000 9d012a 8002 e001',
  'WebP, lossless': '524946460000000057454250 5650384c 00000000 2f 7fc27700',
  'WebP, extended': '524946460000000057454250 56503858 0a000000 00000000 7f0200 df0100',
}

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')

describe.each(Object.entries(HEADERS))('%s', (name, hex) => {
  test('says its size', () => {
    const [type] = name.split(',')
    expect(readPicture(bytesOf(hex))).toEqual({ type, width: 640, height: 480 })
  })

  test('says nothing when it is cut before that', () => {
    const bytes = bytesOf(hex)
    for (let length = 0; length < bytes.length - 4; length += 1) {
      expect(readPicture(bytes.subarray(0, length))).toBeNull()
    }
  })
})

test.each(['', 'hello', 'RIFF0000WAVEfmt '])('%j is no picture', (text) => {
  expect(readPicture(Buffer.from(text))).toBeNull()
})
