"""litellm in front of tolk, as an endpoint that speaks OpenAI's protocol."""

import json
from typing import Literal

import litellm
import openai
from litellm import completion, stream_chunk_builder
from pydantic import BaseModel
from verdicts import run
from world import (
    API_KEY,
    BASE_URL,
    BASE_URL_IMPATIENT,
    BOOKING,
    GET_WEATHER,
    LIMITED_KEY,
    NARROW_KEY,
    ONE_CITY,
    PING,
    RESULT,
    STORY,
    TOO_LONG,
    TWO_CITIES,
    UNICODE,
    generations,
    picture,
    released,
    user,
)

HERE = {"api_base": BASE_URL, "api_key": API_KEY}
THINKER = {"model": "openai/demo-thinker", **HERE}
SCRIPTED = {"model": "openai/scripted", **HERE}
WRITER = {"model": "openai/demo-writer", **HERE}


def models():
    names = litellm.get_valid_models(
        check_provider_endpoint=True, custom_llm_provider="openai", **HERE
    )
    assert "demo-thinker:latest" in names, names
    # A name with a slash, behind the slash of its own.
    answer = completion(model="openai/team/namespaced:v1", messages=[user(STORY)], **HERE)
    assert answer.choices[0].message.content and answer.model == "team/namespaced:v1", answer
    return "It has no call that retrieves a model; the one with a slash is asked instead."


def one_shot():
    answer = completion(**THINKER, messages=[user(STORY)])
    [choice] = answer.choices
    assert choice.message.content and choice.finish_reason == "stop", choice
    assert answer.usage.prompt_tokens > 0 and answer.usage.completion_tokens > 0, answer.usage


def stream():
    whole = completion(**THINKER, messages=[user(STORY)])
    chunks = completion(
        **THINKER,
        messages=[user(STORY)],
        stream=True,
        stream_options={"include_usage": True},
    )
    built = stream_chunk_builder(list(chunks))
    [choice] = built.choices
    assert choice.message.content == whole.choices[0].message.content, choice
    assert choice.finish_reason == "stop", choice
    assert built.usage.completion_tokens == whole.usage.completion_tokens > 0, built.usage
    assert built.usage.prompt_tokens == whole.usage.prompt_tokens > 0, built.usage


def reasoning():
    whole = completion(**THINKER, messages=[user(STORY)])
    chunks = completion(**THINKER, messages=[user(STORY)], stream=True)
    streamed = stream_chunk_builder(list(chunks)).choices[0].message.reasoning_content
    assert streamed == whole.choices[0].message.reasoning_content != "", streamed


def tools():
    round_trip(lambda **request: completion(**request))


def tools_streamed():
    round_trip(lambda **request: stream_chunk_builder(list(completion(**request, stream=True))))


def round_trip(ask):
    messages = [user(ONE_CITY)]
    request = {**THINKER, "messages": messages, "tools": [GET_WEATHER]}
    [choice] = ask(**request).choices
    assert choice.finish_reason == "tool_calls", choice
    [call] = choice.message.tool_calls
    assert call.function.name == "get_weather", call
    assert json.loads(call.function.arguments) == {"city": "Lisbon"}, call
    messages += [
        choice.message,
        {"role": "tool", "tool_call_id": call.id, "name": "get_weather", "content": RESULT},
    ]
    [choice] = ask(**request).choices
    assert choice.finish_reason == "stop" and "22 °C" in choice.message.content, choice


def two_calls():
    request = {**THINKER, "messages": [user(TWO_CITIES)], "tools": [GET_WEATHER]}
    check_two(completion(**request).choices[0].message.tool_calls)
    chunks = list(completion(**request, stream=True))
    check_two(stream_chunk_builder(chunks).choices[0].message.tool_calls)
    parts = [part for chunk in chunks for part in chunk.choices[0].delta.tool_calls or []]
    assert [part.index for part in parts if part.id] == [0, 1], parts


def check_two(calls):
    cities = [json.loads(call.function.arguments)["city"] for call in calls]
    assert cities == ["Lisbon", "Oslo"], cities
    assert len({call.id for call in calls} - {"", None}) == 2, calls


def empty_arguments():
    request = {**SCRIPTED, "messages": [user("@empty-arguments")], "tools": [PING]}
    streamed = stream_chunk_builder(list(completion(**request, stream=True)))
    for answer in (completion(**request), streamed):
        [call] = answer.choices[0].message.tool_calls
        assert (call.function.name, call.function.arguments) == ("ping", "{}"), call


def forced_tool():
    request = {**THINKER, "messages": [user(STORY)], "tools": [GET_WEATHER]}
    answer = completion(**request, tool_choice="required")
    [call] = answer.choices[0].message.tool_calls
    assert call.function.name == "get_weather", call
    assert isinstance(json.loads(call.function.arguments)["city"], str), call


class Booking(BaseModel):
    name: str
    day: Literal["monday", "tuesday"]
    guests: list[str]


def structured():
    answer = completion(**THINKER, messages=[user(BOOKING)], response_format=Booking)
    booking = Booking.model_validate_json(answer.choices[0].message.content)
    assert booking.day in ("monday", "tuesday"), booking
    return "It makes the schema of a type; that the type reads the answer is left to the program."


def image():
    parts = [
        {"type": "text", "text": "What is in this picture?"},
        {"type": "image_url", "image_url": {"url": picture()}},
    ]
    message = {"role": "user", "content": parts}
    answer = completion(model="openai/demo-vision", messages=[message], **HERE)
    assert "3 by 2" in answer.choices[0].message.content, answer


def logprobs():
    asked = {"messages": [user("@logprobs")], "logprobs": True, "top_logprobs": 2}
    [choice] = completion(**SCRIPTED, **asked).choices
    tokens = choice.logprobs.content
    assert "".join(token.token for token in tokens) == choice.message.content != "", tokens
    assert all(token.logprob <= 0 and len(token.top_logprobs) == 2 for token in tokens), tokens


def n():
    request = {**THINKER, "messages": [user(STORY)], "n": 2}
    answer = completion(**request)
    assert [choice.index for choice in answer.choices] == [0, 1], answer
    assert all(choice.message.content for choice in answer.choices), answer
    texts = {}
    for chunk in completion(**request, stream=True):
        for choice in chunk.choices:
            texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
    assert sorted(texts) == [0, 1] and all(texts.values()), texts


def sampling():
    asked = {"messages": [user(STORY)], "seed": 7, "stop": ["."]}
    [choice] = completion(**WRITER, **asked, max_completion_tokens=3).choices
    assert choice.finish_reason == "length" and choice.message.content, choice
    [choice] = completion(**WRITER, **asked).choices
    assert choice.finish_reason == "stop" and "." not in choice.message.content, choice


def embeddings():
    request = {"model": "openai/demo-embed", **HERE}
    both = {**request, "input": ["one text", "another one"]}
    floats = litellm.embedding(**both, encoding_format="float")
    unsaid = litellm.embedding(**both)
    alone = litellm.embedding(**request, input=["another one"])
    assert [item["index"] for item in floats.data] == [0, 1], floats
    vectors = [item["embedding"] for item in floats.data]
    assert vectors == [item["embedding"] for item in unsaid.data], unsaid
    assert vectors[0] != vectors[1] == alone.data[0]["embedding"], vectors


def completions():
    request = {"model": "text-completion-openai/demo-writer", "prompt": "Once", **HERE}
    [choice] = litellm.text_completion(**request).choices
    assert choice.text and choice.finish_reason == "stop", choice
    chunks = litellm.text_completion(**request, stream=True)
    streamed = "".join(choice.text or "" for chunk in chunks for choice in chunk.choices)
    assert streamed == choice.text, streamed


def unicode():
    chunks = completion(**SCRIPTED, messages=[user("@unicode")], stream=True)
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == UNICODE, ascii(text)


def errors():
    refused(litellm.AuthenticationError, 401, api_key="wrong")
    narrow = {"model": "openai/demo-writer", "api_key": NARROW_KEY}
    refused(litellm.BadRequestError, 403, **narrow)
    refused(litellm.NotFoundError, 404, model="openai/nope")
    error = refused(litellm.BadRequestError, 400, temperature="hot")
    # It keeps of the error what is in its text.
    assert "temperature" in error.message, error
    refused(litellm.BadRequestError, 413, messages=[user(TOO_LONG)])
    limited = {"api_key": LIMITED_KEY}
    completion(**{**THINKER, **limited}, messages=[user("Hello.")])
    error = refused(litellm.RateLimitError, 429, **limited)
    assert int(error.litellm_response_headers["retry-after"]) > 0, error
    refused(litellm.ServiceUnavailableError, 503, **SCRIPTED, messages=[user("@busy")])
    silent = {**SCRIPTED, "api_base": BASE_URL_IMPATIENT}
    refused(litellm.Timeout, 504, **silent, messages=[user("@silent-for-ever")])
    return "Its types go by words in an error's text: 403 and 413 are bad requests by type."


def refused(kind, status, **request):
    try:
        completion(**{**THINKER, "messages": [user("Hello.")], "max_retries": 0, **request})
    except kind as error:
        assert error.status_code == status and error.message, error
        return error
    raise AssertionError(f"no {status}")


def mid_stream_error():
    text = ""
    try:
        for chunk in completion(**SCRIPTED, messages=[user("@error-mid-stream")], stream=True):
            text += chunk.choices[0].delta.content or ""
    except openai.APIError as error:
        assert text and error.message, (text, error)
        return
    raise AssertionError(f"it ended as if nothing had happened, after {text!r}")


def abort():
    mark = "@endless-python-litellm"
    chunks = completion(**SCRIPTED, messages=[user(mark)], stream=True)
    for _ in range(3):
        next(chunks)
    # The wrapper has no way to leave of its own; the stream it wraps has.
    chunks.completion_stream.close()
    assert released(mark)


def silence():
    chunks = completion(**SCRIPTED, messages=[user("@silence")], stream=True)
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == "Good things take time.", text


def retries():
    mark = "@crash-after-work-python-litellm"
    try:
        completion(**SCRIPTED, messages=[user(mark)])
    except openai.APIError:
        assert generations(mark) == 1, generations(mark)
        return
    raise AssertionError("no error")


run(
    models,
    one_shot,
    stream,
    reasoning,
    tools,
    tools_streamed,
    two_calls,
    empty_arguments,
    forced_tool,
    structured,
    image,
    logprobs,
    n,
    sampling,
    embeddings,
    completions,
    unicode,
    errors,
    mid_stream_error,
    abort,
    silence,
    retries,
)
