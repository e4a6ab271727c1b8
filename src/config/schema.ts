/**
 * Every option: its default, its limits and its meaning. The sentences here are the manual: the
 * README's table, `tolk schema` and the complaints about a wrong file are all made from this object.
 */
import { z } from 'zod'
import { GO_DURATION, isGoDuration, isSeconds } from '../go-duration.ts'

const KiB = 1024
const MiB = 1024 * KiB

// A timer of Node's holds no more (2^31 - 1 ms, 24 days); a larger one would fire at once.
const LONGEST_TIMER_MS = 2_147_483_647

const milliseconds = () => z.int().min(1).max(LONGEST_TIMER_MS)
const millisecondsOrOff = () => z.int().min(0).max(LONGEST_TIMER_MS)

const text = () => z.string().min(1)

/** Marks a value that is shown to nobody; `writeOnly` is JSON Schema's own word for that. */
const secret = (description: string) => ({ description, writeOnly: true })

// What a header can carry and a shell or an editor is unlikely to have put there by mistake.
const HEADER_SAFE = /^(?!(["']).*\1$)[\x21-\x7e]+$/
const NOT_HEADER_SAFE =
  'must be printable ASCII without spaces or quotes around it, for it is sent in a header; perhaps a line break or a quote was copied with it'

// No port: the same name on another port is the same machine.
const HOST_NAME = /^(?:\[[0-9A-Fa-f:.]+\]|[\w-]+(?:\.[\w-]+)*\.?)$/
const NOT_HOST_NAME =
  'must be a host name or an address alone, without a port; an IPv6 address stands in brackets'

const NOT_KEEP_ALIVE =
  'must be a number of seconds, or a duration such as "30m"; -1 keeps the model loaded'

/** How one model is to be served. The same words for a described model and for a discovered one. */
const params = z.strictObject({
  streaming: z
    .boolean()
    .exactOptional()
    .describe(
      'Whether the answer is given out as it is made. `false` for a model whose stream is broken: clients then get valid SSE built from the whole answer.',
    ),
  keepAlive: z
    .union(
      [
        z.number().refine(isSeconds, NOT_KEEP_ALIVE),
        z
          .string()
          .regex(GO_DURATION, { error: NOT_KEEP_ALIVE, abort: true })
          .refine(isGoDuration, NOT_KEEP_ALIVE),
      ],
      { error: NOT_KEEP_ALIVE },
    )
    .exactOptional()
    .describe(
      'How long the model stays in memory after an answer, whatever a client asks for: seconds, or a duration such as `"30m"`; negative means for ever. Unset, Ollama decides (5 minutes).',
    ),
  numCtx: z
    .int()
    .min(4)
    .exactOptional()
    .describe(
      'The context window to serve, in tokens, sent with every request: a window that changed from one request to the next would reload the model. Unset, Ollama decides.',
    ),
  overflow: z
    .enum(['error', 'truncate'])
    .exactOptional()
    .describe(
      'What happens to a prompt longer than the window: `error` answers 400 `context_length_exceeded` with both numbers, `truncate` lets Ollama cut it silently. Unset: `error`.',
    ),
})

const price = (of: string) =>
  z.number().min(0).default(0).describe(`Price of a million ${of} tokens, in US dollars.`)

const model = z.strictObject({
  id: text().describe("The upstream's name for the model, with its tag; listed exactly so."),
  name: text()
    .exactOptional()
    .describe('A name for people, shown by clients that list models. Unset: the id.'),
  reasoning: z.boolean().default(false).describe('Whether the model can think before it answers.'),
  tools: z.boolean().default(true).describe('Whether the model can call tools.'),
  input: z
    .array(z.enum(['text', 'image']))
    .min(1)
    .default(['text'])
    .describe('What the model takes in.'),
  contextWindow: z
    .int()
    .min(1)
    .default(8192)
    .describe('The window the model was trained for, in tokens.'),
  maxTokens: z
    .int()
    .min(1)
    .exactOptional()
    .describe('The most it may be asked to generate, in tokens. Unset: 10 × the window.'),
  cost: z
    .strictObject({
      input: price('prompt'),
      output: price('answer'),
      cacheRead: price('cached prompt'),
      cacheWrite: price('newly cached prompt'),
    })
    .prefault({})
    .describe('Prices that the model list shows to clients.'),
  params: params.prefault({}).describe('How the model is to be served.'),
})

/** A credential that can be sent in a header. */
export const apiKeySchema = z.string().regex(HEADER_SAFE, NOT_HEADER_SAFE)

const upstream = z.strictObject({
  baseUrl: text()
    .default('http://127.0.0.1:11434')
    .describe(
      'Where Ollama is: `http://host:11434` or `https://host/prefix`; a trailing `/v1` or `/api` is understood, or a route of theirs, and a bare `host` or `host:port` is read as Ollama reads OLLAMA_HOST. `user:password@` becomes a Basic credential.',
    ),
  apiKey: apiKeySchema
    .exactOptional()
    .meta(secret('The credential for the upstream, sent as a bearer token with every call to it.')),
  apiKeyFile: text()
    .exactOptional()
    .describe('A file that holds the apiKey; a line break at its end is ignored.'),
  auth: z
    .strictObject({
      basic: z
        .strictObject({
          username: z
            .string()
            .regex(
              /^[^:]*$/,
              'must not contain a colon, which ends the name in Basic authentication',
            )
            .meta(secret('The user name of the upstream.')),
          password: z.string().exactOptional().meta(secret('The password of the upstream.')),
          passwordFile: text()
            .exactOptional()
            .describe('A file that holds the password; a line break at its end is ignored.'),
        })
        .exactOptional()
        .describe('HTTP Basic authentication, instead of an apiKey.'),
      headers: z
        .record(
          z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/),
          z
            .string()
            .regex(/^[\t\x20-\x7e]*$/, 'must be printable ASCII, for it is sent in a header')
            .meta({ writeOnly: true }),
        )
        .exactOptional()
        .describe(
          'Headers sent with every call to the upstream, such as those a gateway asks for.',
        ),
    })
    .exactOptional()
    .describe('Other ways to authenticate to the upstream.'),
  tls: z
    .strictObject({
      ca: text()
        .exactOptional()
        .describe("The authority that signed the upstream's certificate: PEM, or a file of it."),
      cert: text()
        .exactOptional()
        .describe('Our own certificate, for an upstream that asks for one: PEM, or a file of it.'),
      key: text()
        .exactOptional()
        .meta(secret('The private key of that certificate: PEM, or a file of it.')),
    })
    .prefault({})
    .describe('For an https upstream whose certificate no public authority signed.'),
  api: z
    .literal('ollama', {
      error: ({ input }) =>
        input === 'openai-completions'
          ? 'must be "ollama" or be left out; "openai-completions" is for a later version'
          : undefined,
    })
    .default('ollama')
    .describe("What the upstream speaks: Ollama's native API."),
  models: z
    .array(model)
    .exactOptional()
    .describe(
      'Exactly the models to list, described in full, whether the upstream answers or not. Unset: they are discovered.',
    ),
  connectTimeoutMs: milliseconds()
    .exactOptional()
    .describe(
      'How long connecting may take, DNS and TLS included, in milliseconds. Unset: 5000 for an upstream on this machine, 10000 for any other.',
    ),
  firstByteTimeoutMs: millisecondsOrOff()
    .default(900_000)
    .describe(
      'How long the first line of an answer may take, in milliseconds; a model is loaded and the prompt is read in this time. 0: for ever.',
    ),
  idleTimeoutMs: millisecondsOrOff()
    .default(300_000)
    .describe(
      'How long the upstream may be silent between two lines, in milliseconds. 0: for ever.',
    ),
  totalTimeoutMs: millisecondsOrOff()
    .default(3_600_000)
    .describe('How long an answer may take altogether, in milliseconds. 0: for ever.'),
  metaTimeoutMs: milliseconds()
    .default(10_000)
    .describe(
      'How long a question about models or the version may take, in milliseconds; nothing is generated by these.',
    ),
  keepAliveTimeoutMs: millisecondsOrOff()
    .default(4000)
    .describe(
      'How long an idle connection to the upstream is kept for the next request, in milliseconds; keep it below what the upstream or a proxy before it allows. 0: not at all.',
    ),
  maxLineBytes: z
    .int()
    .min(KiB)
    .max(256 * MiB)
    .default(16 * MiB)
    .describe('The longest line that is read from the upstream, in bytes.'),
  maxResponseBytes: z
    .int()
    .min(KiB)
    .max(512 * MiB)
    .default(64 * MiB)
    .describe(
      'The longest answer that is kept for a client which does not stream, in bytes; a longer one is stopped, and a 502; of embeddings, a 400. What is streamed may be of any length.',
    ),
})

export const clientKeySchema = z.strictObject({
  name: z
    .string()
    .regex(
      /^[A-Za-z0-9._@-]{1,64}$/,
      'must be 1 to 64 letters, digits or any of . _ @ -, for it is written to the log',
    )
    .describe('Whose key it is; the log says this and never the key.'),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hexadecimal digits, as `tolk key` prints them')
    .exactOptional()
    .describe('The SHA-256 of the key, in hexadecimal. `tolk key` makes a key and its hash.'),
  key: apiKeySchema
    .exactOptional()
    .meta(secret('The key itself; it is hashed at start and forgotten.')),
  keyFile: text()
    .exactOptional()
    .describe('A file that holds the key; a line break at its end is ignored.'),
  models: z
    .array(text())
    .min(1)
    .exactOptional()
    .describe(
      "The models this key may use, `*` standing for any text, the upstream's name and a slash before it or not. Unset: all.",
    ),
  requestsPerMinute: z
    .int()
    .min(1)
    .exactOptional()
    .describe(
      'How many requests a minute this key may make, to any path under /v1. Unset: no limit.',
    ),
})

/** The name of an upstream: what may stand before the slash in `ollama/llama3.2`. */
const upstreamName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)

export const settingsSchema = z
  .strictObject({
    $schema: z.string().exactOptional().describe('For editors: where this schema is.'),
    server: z
      .strictObject({
        host: text()
          .default('127.0.0.1')
          .describe(
            'The address to listen on. Anything but loopback needs client keys, or `allowAnonymous`.',
          ),
        port: z
          .int()
          .min(0)
          .max(65_535)
          .default(11_435)
          .describe('The port to listen on. 0: any that is free.'),
        allowAnonymous: z
          .boolean()
          .default(false)
          .describe(
            'Serve without client keys beyond this machine: anyone who can connect may use the models.',
          ),
        allowedHosts: z
          .array(z.string().regex(HOST_NAME, NOT_HOST_NAME))
          .default([])
          .describe(
            'More names under which clients may ask for tolk while it listens on loopback and asks for no key: it then answers to localhost and loopback addresses alone, so that no web page can have a name of its own lead here.',
          ),
        workers: z
          .int()
          .min(1)
          .max(64)
          .default(1)
          .describe(
            'How many processes share the port and the work; more than there are cores help nobody. The list of models and the requests per minute of keys are kept in one place for all; `limits`, `queue` and `maxConnections` are those of each process.',
          ),
        maxConnections: z
          .int()
          .min(1)
          .max(1_000_000)
          .exactOptional()
          .describe(
            'How many connections clients may have. Beyond it `/livez` and `/readyz` are still answered, every other request is a 503. Each may need a second one to the upstream, so 2 × as many open files and 100 more must be allowed. Unset: 10000, or fewer where fewer files may be open.',
          ),
        headersTimeoutMs: milliseconds()
          .default(15_000)
          .describe("How long a client may take to send a request's headers, in milliseconds."),
        requestTimeoutMs: milliseconds()
          .default(60_000)
          .describe(
            'How long a client may take to send a whole request, in milliseconds; the answer may take longer.',
          ),
        keepAliveTimeoutMs: milliseconds()
          .default(75_000)
          .describe(
            "How long a client's idle connection is kept, in milliseconds; keep it above what a load balancer in front allows (often 60 s).",
          ),
        maxRequestsPerSocket: z
          .int()
          .min(0)
          .max(1_000_000_000)
          .default(1000)
          .describe(
            'After how many requests a connection is closed, so that clients spread anew over what is behind a load balancer; its last answer says so. 0: never.',
          ),
        tcpKeepAliveMs: millisecondsOrOff()
          .default(30_000)
          .describe(
            'After how long a silence the kernel asks whether a client is still there, in milliseconds, so that one that vanished is found out. 0: it does not ask.',
          ),
      })
      .prefault({})
      .describe('Where tolk listens.'),
    upstreams: z
      .record(upstreamName, upstream)
      .refine((upstreams) => Object.keys(upstreams).length <= 1, {
        error:
          'names more than one upstream, and this version serves one: leave one, or run a second tolk',
      })
      .prefault({ ollama: {} })
      .describe('The Ollama to speak to, under a name of your choice; one entry.'),
    models: z
      .strictObject({
        default: z
          .strictObject({
            primary: text()
              .exactOptional()
              .describe('The model that answers a client which asks for the model `default`.'),
            fallbacks: z
              .array(text())
              .max(0, 'are for a later version; leave them out')
              .default([])
              .describe('Reserved for a later version; must be empty.'),
          })
          .prefault({})
          .describe('What `default` means.'),
        aliases: z
          .record(text(), text())
          .default({})
          .describe(
            'More names for models: what a client may ask for, and the model that then answers.',
          ),
        params: z
          .record(text(), params)
          .default({})
          .describe(
            'How models are to be served, by name or pattern (`*` stands for any text). All that match count, later ones first.',
          ),
      })
      .prefault({})
      .describe('Names for models, and how they are served.'),
    auth: z
      .strictObject({
        keys: z
          .array(clientKeySchema)
          .exactOptional()
          .describe(
            'The keys clients must show, as `Authorization: Bearer <key>`. Unset: none is asked for.',
          ),
        keysFile: text()
          .exactOptional()
          .describe('A file of client keys, each `name=key` or a bare key, on lines of their own.'),
        revokedStreams: z
          .enum(['finish', 'cut'])
          .default('finish')
          .describe(
            'What becomes of answers under way when their key is taken away by a reload (SIGHUP): they finish, or are cut with an error.',
          ),
        wrongKeysPerMinute: z
          .int()
          .min(0)
          .default(100)
          .describe(
            'How many wrong keys a minute one address may show before it is answered 429 instead of 401. A right key is let in from there all the same. 0: no limit.',
          ),
      })
      .prefault({})
      .describe('Who may come in.'),
    catalog: z
      .strictObject({
        list: z
          .enum(['tools', 'chat', 'all'])
          .default('tools')
          .describe(
            'Which models `GET /v1/models` lists beside those for embeddings: those that can call tools (where none is known to, those that may), all that chat, or all. The others can still be called by name.',
          ),
        allowRemote: z
          .boolean()
          .default(false)
          .describe(
            "Serve models that the upstream itself only passes on, such as those of Ollama's cloud (`…-cloud`): prompts then leave the upstream's machine. Otherwise they are not listed, and refused.",
          ),
        refreshMs: milliseconds()
          .default(60_000)
          .describe('How often the upstream is asked for its models, in milliseconds.'),
        context: z
          .enum(['trained', 'effective'])
          .default('trained')
          .describe(
            'What the model list calls the context length: what the model was trained for, or what it is served with now.',
          ),
      })
      .prefault({})
      .describe('The list of models.'),
    openai: z
      .strictObject({
        reasoningField: z
          .enum(['reasoning_content', 'reasoning', 'none', 'think-tags'])
          .default('reasoning_content')
          .describe(
            'The field that carries thinking; `none` drops it, `think-tags` puts it into the content between <think> and </think>.',
          ),
        strict: z
          .boolean()
          .default(false)
          .describe(
            'Answer 400 to a parameter that cannot be honoured, instead of naming it in the x-tolk-ignored header.',
          ),
        allowLoadOptions: z
          .boolean()
          .default(false)
          .describe(
            'Let clients set load-time options such as num_ctx, where a value that differs from the last one reloads the model, and any keep_alive, not only five minutes to a day.',
          ),
      })
      .prefault({})
      .describe('How the OpenAI API is spoken.'),
    limits: z
      .strictObject({
        maxBodyBytes: z
          .int()
          .min(KiB)
          .max(500 * MiB)
          .default(32 * MiB)
          .describe('The largest request body, in bytes; images are inside it.'),
        maxJsonDepth: z
          .int()
          .min(8)
          .max(1000)
          .default(64)
          .describe('How deep the objects and lists of a request body may be nested.'),
        maxJsonTokens: z
          .int()
          .min(1000)
          .max(10_000_000)
          .default(500_000)
          .describe(
            'How many tokens the JSON of a request body may have: strings, opening brackets, colons and commas. A text of any length is one; a number with an exponent or more than 15 digits is eight more. A fifth of them may be in one message, one tool, or all other members.',
          ),
        maxBufferedBodyBytes: z
          .int()
          .min(KiB)
          .exactOptional()
          .describe(
            'How many bytes of request bodies are held at a time, of all clients, until their requests have gone upstream; beyond it a request is a 503. Unset: 256 MiB, or a quarter of the heap where that is less.',
          ),
        maxInFlight: z
          .int()
          .min(1)
          .max(1_000_000)
          .default(5000)
          .describe(
            'How many requests to models may be under way; further ones wait in the `queue`. Set it to what the upstream answers at a time (for one model, its OLLAMA_NUM_PARALLEL): Ollama queues without telling, and fairly to nobody.',
          ),
        perKeyInFlight: z
          .int()
          .min(0)
          .max(1_000_000)
          .default(32)
          .describe(
            'How many requests to models one client key may have under way or waiting; one more is a 429 at once. 0: any number. Without keys it does not count.',
          ),
        maxChoices: z
          .int()
          .min(1)
          .max(128)
          .default(4)
          .describe(
            'How many answers one chat may ask for with `n`; more is a 400. Each is a request to the model, at the same time as the others while `maxInFlight` and `perKeyInFlight` have room for it, otherwise after them.',
          ),
      })
      .prefault({})
      .describe('What clients may send, and how much is taken on; of each process.'),
    queue: z
      .strictObject({
        maxLength: z
          .int()
          .min(0)
          .max(1_000_000)
          .default(256)
          .describe(
            'How many requests may wait for one of `limits.maxInFlight` to end; one more is a 503. Keys take turns, and when all is full a key with more waiting makes way for one with fewer. 0: nobody waits.',
          ),
        timeoutMs: millisecondsOrOff()
          .default(60_000)
          .describe(
            'How long a request may wait, in milliseconds; then it is a 503. A stream gets its early 200 and its heartbeats meanwhile. 0: as long as it takes.',
          ),
      })
      .prefault({})
      .describe('Requests that wait for their turn; in each process.'),
    downstream: z
      .strictObject({
        commitAfterMs: millisecondsOrOff()
          .default(10_000)
          .describe(
            'How long a streamed answer waits for its first line before 200 is sent, in milliseconds; until then a failure keeps its own status. 0: never early.',
          ),
        heartbeatMs: millisecondsOrOff()
          .default(15_000)
          .describe(
            'How often a silent stream sends a comment, in milliseconds, so that nothing between cuts it. 0: never.',
          ),
        writeStallMs: milliseconds()
          .default(60_000)
          .describe('How long a client may read nothing before it is cut off, in milliseconds.'),
      })
      .prefault({})
      .describe('How streams reach the client.'),
    abort: z
      .strictObject({
        loadGraceMs: millisecondsOrOff()
          .default(0)
          .describe(
            'How long a model that is still loading may go on after its client left, in milliseconds. 0: it is stopped at once.',
          ),
      })
      .prefault({})
      .describe('What happens when a client leaves.'),
    shutdown: z
      .strictObject({
        drainMs: millisecondsOrOff()
          .default(25_000)
          .describe('How long answers under way may go on after SIGTERM, in milliseconds.'),
        preDelayMs: millisecondsOrOff()
          .default(0)
          .describe(
            'How long tolk goes on serving after SIGTERM before it stops listening, in milliseconds: `/readyz` says 503 and connections are closed behind their answers, so that load balancers can turn away. 5000 suits Kubernetes.',
          ),
      })
      .prefault({})
      .describe('How tolk ends.'),
    log: z
      .strictObject({
        level: z
          .enum(['silent', 'error', 'warn', 'info', 'debug'])
          .default('info')
          .describe('How much is written to the log; never a key, a prompt or an answer.'),
        maxAlike: z
          .int()
          .min(0)
          .default(100)
          .describe(
            'How many refused requests of one outcome get a line each within ten seconds; beyond it they are counted, and a line a second says how many. 0: all get theirs.',
          ),
      })
      .prefault({})
      .describe('What is written down.'),
    media: z
      .strictObject({
        allowedHosts: z
          .array(text())
          .default([])
          .describe(
            'Hosts from which pictures (`image_url`) are fetched: `*.example.com` for those below one, `example.com:8443` for another port than that of the scheme. Only public addresses are asked, and no redirect is followed. Empty: none are fetched.',
          ),
        timeoutMs: z
          .int()
          .min(1)
          .default(10_000)
          .describe('How long the fetching of a picture may take, in milliseconds.'),
        maxBytes: z
          .int()
          .min(1)
          .default(20 * 1024 * 1024)
          .describe('The largest size of all pictures of a request that are fetched, in bytes.'),
      })
      .prefault({})
      .describe('Pictures that are not in the request.'),
    metrics: z
      .strictObject({
        port: z
          .int()
          .min(0)
          .max(65_535)
          .exactOptional()
          .describe(
            'The port on which `GET /metrics` is served in the form of Prometheus, which asks at 9464 by custom; it is no path of the port that clients use. 0: any that is free. Unset: nothing is counted.',
          ),
        host: text()
          .default('127.0.0.1')
          .describe(
            'The address of that port. Whoever can connect to it reads how much is asked of which model, without a key.',
          ),
      })
      .prefault({})
      .describe('What is counted.'),
  })
  .describe('The configuration of tolk.')

/** The configuration as written, checked, with every default in its place. */
export type Settings = z.output<typeof settingsSchema>

/** One entry of `upstreams`. */
export type UpstreamSettings = Settings['upstreams'][string]

/** One entry of `auth.keys`. */
export type ClientKeySettings = NonNullable<Settings['auth']['keys']>[number]
