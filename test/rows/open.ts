/** Rows of the reliability specification that no test holds, and what the tests of others leave out. */

/** A test is still to be written; an id leaves with it (`npm run rows -- --prune`). */
export const TO_BUILD: readonly string[] = []

/** What tolk does not do cannot be done wrong: the reason, by id. At most 15. */
export const NOT_APPLICABLE: Readonly<Record<string, string>> = {
  'A-16': 'nothing of a client’s is stored: there is no object to ask for',
  'R-22': 'nothing is stored between two requests',
  'R-23': 'tolk does not terminate TLS: what stands in front of it does',
  'B-02': 'no origin can be allowed: there is no such option',
}

/** Rows that are tested but for this. */
export const IN_PART: Readonly<Record<string, string>> = {
  'A-03':
    'the clock, which would judge the machine: what runs is counted, 100,000 times for each class',
  'C-17': 'the pace: ten thousand requests, as fast as the machine takes them',
  'C-20':
    'the seconds and the number: a hundredth of each second, and three thousand come back instead of ten',
  'N-01':
    'Node 20, which is refused: its support has ended; and a run of the job on Node 22: there was no release yet',
  'N-02':
    'a Node of the operator’s own: 22.19 is let in, and SECURITY.md says which ones are mended',
  'N-03':
    'the numbers, five and fifteen: tolk names seven packages, and 22 come in all, each of them listed with its reason',
  'N-04':
    'a tool, vitest, was younger than a week when it was taken: npm’s own cooldown would refuse a lockfile that has it',
  'N-05':
    'the attestation itself: there was no release yet, and package.json has no address of a repository to attest',
  'N-06':
    'advisories where the registry gives none (the step of CI is then skipped), and VEX: there is nothing to explain',
  'N-08':
    'the base’s digest: it is named by its exact version, and nothing of it but Node and its libraries is shipped',
  'N-12':
    'the five thousand streams of the load plan in 512 MB: three hundred here, a thousand in docker/verify.sh',
  'N-15':
    'zod makes a function of each schema of tolk’s own where Node allows it, and `--workers` forks tolk itself: neither sees a client’s word',
  'N-17':
    'the codes 1 and 78, for 2 is the README’s word for all that was asked wrongly; and the second, which would judge the machine',
  'N-19':
    'the scanner’s own version: it is the npm of the machine that CI runs on, and nothing else scans',
  'R-05': 'the resident size, in which V8’s garbage counts too: what is kept is asserted',
  'R-06': 'the pause of the loop: how much is parsed at once is bounded, nothing is timed',
  'R-08':
    'tokens and stops are the client’s: Ollama cuts an answer at ten windows, and loads nothing anew for them',
  'R-21':
    'the share of the processor and the five milliseconds: attempts and lines are counted, nothing is timed',
  'S-06':
    'workers keep the environment: they are tolk itself, and load the same configuration from it; nothing else is started',
}
