/** What every client in JavaScript does beside its scenarios: run those asked for, and say how each ended. */

/** Thrown where the client itself has no way to do what a scenario asks for; the reason is a sentence. */
export class Cannot extends Error {}

/**
 * Runs scenarios one after another and prints a line of JSON for each.
 *
 * @param {Record<string, () => Promise<string | void>>} scenarios by their ids; one that throws has failed, and one
 *   that returns a sentence passed but for that.
 */
export const sayVerdicts = async (scenarios) => {
  const asked = process.argv.slice(2)
  for (const [scenario, run] of Object.entries(scenarios)) {
    if (asked.length > 0 && !asked.includes(scenario)) continue
    console.log(JSON.stringify({ scenario, ...(await verdictOn(run)) }))
  }
}

const verdictOn = async (run) => {
  try {
    return { verdict: 'pass', detail: (await run()) ?? '' }
  } catch (error) {
    if (error instanceof Cannot) return { verdict: 'cannot', detail: error.message }
    return { verdict: 'fail', detail: error instanceof Error ? error.stack : String(error) }
  }
}

/** What the harness knows of the upstream. */
export const askControl = async (path) => {
  const response = await fetch(`${process.env.CONTROL_URL}${path}`)
  return { status: response.status, text: await response.text() }
}

export const WEATHER_RESULT = '{"temperature":"22 °C"}'

export const UNICODE = 'Ünï→漢字👩‍👩‍👧‍👦é\u2028'

/** A PNG of 3 by 2 pixels. */
export const PICTURE =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR4nGP438AAQQxwFgBf0gj7joAKVQAAAABJRU5ErkJggg=='

/** The error that a call raises. @throws when it raises none. */
export const raised = async (promise) => {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('nothing was raised')
}
