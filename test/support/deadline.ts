/** The deadline that every wait of a test has. */

/** Settles with the promise. @throws after so many milliseconds, naming what was waited for. */
export const inTime = async <T>(what: string, promise: Promise<T>, ms = 3000): Promise<T> => {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`waited ${ms} ms in vain for ${what}`)), ms)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
