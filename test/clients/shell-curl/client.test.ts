/** curl and jq against the scenarios. */
import { testClient } from '../test-client.ts'

testClient(import.meta.dirname)
