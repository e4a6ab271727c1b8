/** Waits for something, but not for ever. */

/** Settles with the promise, or with undefined after so many milliseconds; keeps no process alive. */
export const within = async <T>(ms: number, promise: Promise<T>): Promise<T | undefined> => {
  const late = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => late.resolve(undefined), ms).unref()
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
