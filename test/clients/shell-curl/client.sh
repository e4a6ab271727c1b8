#!/bin/sh
# The scenarios in the shell alone: curl asks, jq reads. Arguments are the scenarios to run; none means all.
set -u

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

weather='{"type": "function", "function": {"name": "get_weather", "description": "Current weather for a city",
  "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}'
one_city='{"role": "user", "content": "What is the weather in Lisbon?"}'
two_cities='{"role": "user", "content": "What is the weather in Lisbon and Oslo?"}'
story='{"role": "user", "content": "Tell me a story."}'
picture='data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR4nGP438AAQQxwFgBf0gj7joAKVQAAAABJRU5ErkJggg=='

# --- how to ask ---

# get PATH
get() {
  curl --silent --show-error --fail-with-body --max-time 60 \
    --header "Authorization: Bearer $API_KEY" "$BASE_URL$1"
}

# post PATH, the body on stdin
post() {
  curl --silent --show-error --fail-with-body --max-time 60 --no-buffer \
    --header "Authorization: Bearer $API_KEY" \
    --header 'Content-Type: application/json' \
    --data-binary @- "$BASE_URL$1"
}

# ask BODY: an answer in one piece
ask() {
  printf '%s' "$1" | post /chat/completions
}

# hear BODY: a stream to its end, as an array of its chunks; without `[DONE]` it has not ended
hear() {
  printf '%s' "$1" | jq '. + {stream: true, stream_options: {include_usage: true}}' |
    post "${2:-/chat/completions}" >"$scratch/events"
  sed -n 's/^data: //p' "$scratch/events" >"$scratch/data"
  [ "$(tail -n 1 "$scratch/data")" = '[DONE]' ] || fail "The stream ended with: $(tail -n 1 "$scratch/data")"
  sed '$d' "$scratch/data" | jq --slurp .
}

# What a stream said, put together as the answer that it would have been in one piece.
joined='{
  usage: map(.usage // empty) | last,
  choices: map(.choices[]) | group_by(.index) | map({
    index: .[0].index,
    finish_reason: map(.finish_reason // empty) | last,
    logprobs: {content: (map(.logprobs.content // []) | add)},
    message: {
      role: "assistant",
      content: map(.delta.content // "") | add,
      reasoning_content: map(.delta.reasoning_content // "") | add,
      tool_calls: map(.delta.tool_calls // []) | add | group_by(.index) | map({
        index: .[0].index,
        id: .[0].id,
        type: .[0].type,
        function: {name: .[0].function.name, arguments: map(.function.arguments) | add}
      })
    }
  })
}'

hear_joined() {
  hear "$1" >"$scratch/chunks"
  jq "$joined" "$scratch/chunks"
}

# both BODY: one answer in one piece and one streamed, an array of two
both() {
  ask "$1" >"$scratch/whole"
  hear_joined "$1" >"$scratch/streamed"
  jq --slurp . "$scratch/whole" "$scratch/streamed"
}

# --- how to judge ---

fail() {
  printf '%s\n' "$1" | cut -c 1-800
  exit 1
}

# check JSON FILTER: the filter holds
check() {
  printf '%s' "$1" | jq --exit-status "$2" >/dev/null || fail "Not so: $2 of $1"
}

# equal SEEN WANTED
equal() {
  [ "$1" = "$2" ] || fail "Seen is '$1', wanted '$2'."
}

# control PATH: what the harness saw
control() {
  curl --silent --show-error --fail-with-body --max-time 20 "$CONTROL_URL$1"
}

# --- scenarios ---

models() {
  check "$(get /models)" '.data | map(.id) | index("demo-thinker:latest")'
  check "$(get /models/team/namespaced:v1)" '.id == "team/namespaced:v1" and .object == "model"'
}

one_shot() {
  check "$(ask "{\"model\": \"demo-thinker\", \"messages\": [$story]}")" '
    (.choices[0] | .finish_reason == "stop" and (.message.content | length > 0))
    and (.usage | .prompt_tokens > 0 and .completion_tokens > 0
      and .total_tokens == .prompt_tokens + .completion_tokens)'
}

stream() {
  check "$(both "{\"model\": \"demo-thinker\", \"messages\": [$story]}")" '
    .[0].choices[0].message.content == .[1].choices[0].message.content
    and .[1].choices[0].finish_reason == "stop"
    and .[0].usage.total_tokens == .[1].usage.total_tokens and .[1].usage.total_tokens > 0'
  check "$(jq . "$scratch/chunks")" 'length > 5 and all(.object == "chat.completion.chunk")'
}

reasoning() {
  check "$(both "{\"model\": \"demo-thinker\", \"messages\": [$story]}")" '
    map(.choices[0].message.reasoning_content) | .[0] == .[1] and (.[0] | length > 0)'
}

# round_trip HOW, where HOW asks for one answer
round_trip() {
  called=$("$1" "{\"model\": \"demo-thinker\", \"tools\": [$weather], \"messages\": [$one_city]}")
  check "$called" '.choices[0] | .finish_reason == "tool_calls" and (.message.tool_calls | length == 1)
    and (.message.tool_calls[0].function
      | .name == "get_weather" and (.arguments | fromjson) == {"city": "Lisbon"})'
  history=$(printf '%s' "$called" | jq --argjson question "$one_city" '
    .choices[0].message | [$question, del(.tool_calls[].index), {
      role: "tool", tool_call_id: .tool_calls[0].id, content: ({temperature: "22 °C"} | tojson)
    }]')
  check "$("$1" "{\"model\": \"demo-thinker\", \"tools\": [$weather], \"messages\": $history}")" '
    .choices[0].message.content | contains("22 °C")'
}

tools() {
  round_trip ask
}

tools_streamed() {
  round_trip hear_joined
}

two_calls() {
  answers=$(both "{\"model\": \"demo-thinker\", \"tools\": [$weather], \"messages\": [$two_cities]}")
  check "$answers" 'all(.choices[0].message.tool_calls
    | map(.function.arguments | fromjson | .city) == ["Lisbon", "Oslo"]
      and (map(.id) | unique | length == 2))'
  check "$answers" '.[1].choices[0].message.tool_calls | map(.index) == [0, 1]'
}

empty_arguments() {
  check "$(both '{"model": "scripted", "messages": [{"role": "user", "content": "@empty-arguments-curl"}],
    "tools": [{"type": "function", "function": {"name": "ping"}}]}')" '
    all(.choices[0].message.tool_calls | map(.function) == [{"name": "ping", "arguments": "{}"}])'
}

forced_tool() {
  check "$(both "{\"model\": \"demo-thinker\", \"tools\": [$weather], \"tool_choice\": \"required\",
    \"messages\": [$story]}")" '
    all(.choices[0].message.tool_calls[0].function
      | .name == "get_weather" and (.arguments | fromjson | .city | type == "string"))'
}

structured() {
  check "$(both '{"model": "demo-thinker", "messages": [{"role": "user", "content": "Book Ada for Monday."}],
    "response_format": {"type": "json_schema", "json_schema": {"name": "booking", "strict": true, "schema": {
      "type": "object", "required": ["name", "day", "guests"], "additionalProperties": false, "properties": {
        "name": {"type": "string"},
        "day": {"type": "string", "enum": ["monday", "tuesday"]},
        "guests": {"type": "array", "items": {"type": "string"}}}}}}}')" '
    all(.choices[0].message.content | fromjson | keys == ["day", "guests", "name"]
      and (.name | type == "string")
      and (.day | . == "monday" or . == "tuesday")
      and (.guests | type == "array" and all(type == "string")))'
}

image() {
  check "$(ask "{\"model\": \"demo-vision\", \"messages\": [{\"role\": \"user\", \"content\": [
    {\"type\": \"text\", \"text\": \"What is this?\"},
    {\"type\": \"image_url\", \"image_url\": {\"url\": \"$picture\"}}]}]}")" '
    .choices[0].message.content | contains("3 by 2")'
}

logprobs() {
  check "$(both '{"model": "scripted", "messages": [{"role": "user", "content": "@logprobs-curl"}],
    "logprobs": true, "top_logprobs": 2}')" '
    all(.choices[0] | (.logprobs.content | map(.token) | add) == .message.content
      and (.logprobs.content | all(.logprob <= 0 and (.top_logprobs | length == 2))))'
}

n() {
  check "$(both "{\"model\": \"demo-thinker\", \"n\": 2, \"messages\": [$story]}")" '
    all(.choices | map(.index) == [0, 1]
      and all(.finish_reason == "stop" and (.message.content | length > 0)))'
}

sampling() {
  check "$(ask "{\"model\": \"demo-writer\", \"messages\": [$story],
    \"seed\": 7, \"stop\": [\".\"], \"max_completion_tokens\": 3}")" '
    (.choices[0].finish_reason | . == "length" or . == "stop") and .usage.completion_tokens <= 3'
}

embeddings() {
  body='{"model": "demo-embed", "input": ["one", "two and more"]}'
  floats=$(printf '%s' "$body" | jq '. + {encoding_format: "float"}' | post /embeddings)
  check "$floats" '.data | map(.index) == [0, 1] and .[0].embedding != .[1].embedding'
  base64=$(printf '%s' "$body" | jq '. + {encoding_format: "base64"}' | post /embeddings)
  for at in 0 1; do
    printf '%s' "$base64" | jq --join-output ".data[$at].embedding" | base64 -d |
      od -A n -v -t f4 | jq --slurp . >"$scratch/decoded"
    check "$floats" ".data[$at].embedding as \$floats | $(cat "$scratch/decoded") as \$decoded
      | (\$floats | length > 0 and length == (\$decoded | length))
        and ([\$floats, \$decoded] | transpose | all((.[0] - .[1] | fabs) < 0.000001))"
  done
}

completions() {
  body='{"model": "demo-writer", "prompt": "Once"}'
  printf '%s' "$body" | post /completions >"$scratch/whole"
  hear "$body" /completions >"$scratch/chunks"
  check "$(jq --slurp . "$scratch/whole" "$scratch/chunks")" '
    .[0].choices[0].text as $text | ($text | length > 0) and .[0].object == "text_completion"
    and (.[1] | map(.choices[].text) | add) == $text'
}

unicode() {
  wanted='"\u00dcn\u00ef\u2192\u6f22\u5b57\ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67\u200d\ud83d\udc66\u00e9\u2028"'
  check "$(hear_joined '{"model": "scripted", "messages": [{"role": "user", "content": "@unicode-curl"}]}')" "
    .choices[0].message.content == $wanted"
}

# refused STATUS PARAM KEY BODY [BASE_URL]: curl says 22, the body says what
refused() {
  ended=0
  status=$(printf '%s' "$4" | curl --silent --fail-with-body --max-time 60 \
    --output "$scratch/refusal" --dump-header "$scratch/headers" --write-out '%{http_code}' \
    --header "Authorization: Bearer $3" \
    --header 'Content-Type: application/json' \
    --data-binary @- "${5:-$BASE_URL}/chat/completions") || ended=$?
  equal "$ended $status" "22 $1"
  check "$(cat "$scratch/refusal")" "
    .error | (.message | length > 0) and (.type | type == \"string\") and has(\"code\") and .param == $2"
}

errors() {
  writer="{\"model\": \"demo-writer\", \"messages\": [$story]}"
  refused 401 null wrong-key "$writer"
  refused 403 '"model"' "$NARROW_KEY" "$writer"
  refused 404 '"model"' "$API_KEY" "{\"model\": \"nope\", \"messages\": [$story]}"
  refused 400 '"temperature"' "$API_KEY" \
    "{\"model\": \"demo-writer\", \"temperature\": \"hot\", \"messages\": [$story]}"
  many=$(head -c 300000 /dev/zero | tr '\0' 'a')
  refused 413 null "$API_KEY" "{\"model\": \"demo-writer\", \"messages\": [{\"role\": \"user\", \"content\": \"$many\"}]}"
  printf '%s' "$writer" | API_KEY=$LIMITED_KEY post /chat/completions >"$scratch/answer"
  refused 429 null "$LIMITED_KEY" "$writer"
  grep -i -q '^retry-after: [1-9]' "$scratch/headers" || fail "Headers without retry-after: $(cat "$scratch/headers")"
  refused 503 null "$API_KEY" '{"model": "scripted", "messages": [{"role": "user", "content": "@busy-curl"}]}'
  refused 504 null "$API_KEY" \
    '{"model": "scripted", "messages": [{"role": "user", "content": "@silent-for-ever-curl"}]}' \
    "$BASE_URL_IMPATIENT"
}

# jq raises what the last event says; curl knows nothing of events.
mid_stream_error() {
  printf '%s' '{"model": "scripted", "stream": true, "messages": [{"role": "user", "content": "@error-mid-stream-curl"}]}' |
    post /chat/completions >"$scratch/events"
  raised=0
  text=$(sed -n -e '/\[DONE\]/d' -e 's/^data: //p' "$scratch/events" | jq --join-output '
    if .error then error(.error.message) else .choices[].delta.content // empty end' 2>"$scratch/error") || raised=$?
  equal "$raised" 5
  equal "$text" 'This begins well'
}

# head has seen enough, and curl has nobody left to write to.
abort() {
  printf '%s' '{"model": "scripted", "stream": true, "messages": [{"role": "user", "content": "@endless-curl"}]}' |
    post /chat/completions 2>"$scratch/error" | head -n 6 >"$scratch/events"
  equal "$(grep -c '^data: {' "$scratch/events")" 3
  control '/released?mark=%40endless-curl' >"$scratch/answer"
}

silence() {
  begun=$(date +%s)
  answer=$(hear_joined '{"model": "scripted", "messages": [{"role": "user", "content": "@silence-curl"}]}')
  seconds=$(($(date +%s) - begun))
  check "$answer" '.choices[0] | .message.content == "Good things take time." and .finish_reason == "stop"'
  [ "$seconds" -ge 9 ] || fail "It took $seconds s."
  grep -q '^:' "$scratch/events" || fail 'No heartbeat in the silence.'
}

# curl retries nothing unless it is told to.
retries() {
  mark="@crash-after-work-$$-$(date +%s)"
  ended=0
  ask "{\"model\": \"scripted\", \"messages\": [{\"role\": \"user\", \"content\": \"$mark\"}]}" \
    >"$scratch/answer" 2>&1 || ended=$?
  equal "$ended" 22
  equal "$(control "/generations?mark=%40${mark#@}")" 1
}

# --- the run ---

[ $# -gt 0 ] || set -- models one_shot stream reasoning tools tools_streamed two_calls empty_arguments \
  forced_tool structured image logprobs n sampling embeddings completions unicode errors mid_stream_error \
  abort silence retries

for scenario in "$@"; do
  # A subshell of its own, ended by the first command that fails; as a condition it would run on.
  detail=$(
    set -e
    "$scenario" 2>&1
  )
  ended=$?
  verdict=pass
  [ "$ended" -eq 0 ] || verdict=fail
  jq --null-input --compact-output --arg scenario "$scenario" --arg verdict "$verdict" --arg detail "$detail" \
    '{$scenario, $verdict, $detail}'
done
