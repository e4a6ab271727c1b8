/** A picture's type and size in pixels, read from the first bytes of the file. */

export type Picture = {
  readonly type: 'PNG' | 'JPEG' | 'GIF' | 'WebP'
  readonly width: number
  readonly height: number
}

/** @returns `null` for a file that is none of the four, or is cut before it says its size. */
export const readPicture = (bytes: Buffer): Picture | null => {
  try {
    return READERS.map((read) => read(bytes)).find((picture) => picture !== null) ?? null
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

type Reader = (bytes: Buffer) => Picture | null

const png: Reader = (bytes) =>
  bytes.toString('latin1', 1, 4) === 'PNG'
    ? { type: 'PNG', width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
    : null

const gif: Reader = (bytes) =>
  bytes.toString('latin1', 0, 4) === 'GIF8'
    ? { type: 'GIF', width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) }
    : null

/** Walks the segments to the start of frame, SOF0 to SOF15 (ITU T.81, B.2.2). */
const jpeg: Reader = (bytes) => {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return null
  let at = 2
  for (;;) {
    const marker = bytes.readUInt8(at + 1)
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (isFrame) {
      return {
        type: 'JPEG',
        width: bytes.readUInt16BE(at + 7),
        height: bytes.readUInt16BE(at + 5),
      }
    }
    at += 2 + bytes.readUInt16BE(at + 2)
  }
}

/** Lossy, lossless and extended files each say it in their own place (RFC 9649 § 2.5 to 2.7). */
const webp: Reader = (bytes) => {
  if (bytes.toString('latin1', 8, 12) !== 'WEBP') return null
  const chunk = bytes.toString('latin1', 12, 16)
  if (chunk === 'VP8X') {
    return {
      type: 'WebP',
      width: bytes.readUIntLE(24, 3) + 1,
      height: bytes.readUIntLE(27, 3) + 1,
    }
  }
  if (chunk === 'VP8L') {
    const sizes = bytes.readUInt32LE(21)
    return { type: 'WebP', width: (sizes & 0x3fff) + 1, height: ((sizes >>> 14) & 0x3fff) + 1 }
  }
  return {
    type: 'WebP',
    width: bytes.readUInt16LE(26) & 0x3fff,
    height: bytes.readUInt16LE(28) & 0x3fff,
  }
}

const READERS: readonly Reader[] = [png, gif, jpeg, webp]
