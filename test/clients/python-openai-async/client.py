"""The openai package of Python, its asynchronous client, in front of tolk."""

import asyncio
import json
from typing import Literal

import openai
from openai import AsyncOpenAI
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

THINKER = "demo-thinker"
client = AsyncOpenAI(base_url=BASE_URL, api_key=API_KEY)
completions_of = client.chat.completions


async def models():
    assert "demo-thinker:latest" in [model.id async for model in client.models.list()]
    assert (await client.models.retrieve("team/namespaced:v1")).id == "team/namespaced:v1"


async def one_shot():
    answer = await completions_of.create(model=THINKER, messages=[user(STORY)])
    [choice] = answer.choices
    assert choice.message.content and choice.finish_reason == "stop", choice
    usage = answer.usage
    assert usage.prompt_tokens > 0 and usage.completion_tokens > 0, usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens, usage


async def stream():
    whole = await completions_of.create(model=THINKER, messages=[user(STORY)])
    text, finishes, usages = "", [], []
    async for chunk in await completions_of.create(
        model=THINKER,
        messages=[user(STORY)],
        stream=True,
        stream_options={"include_usage": True},
    ):
        usages += [chunk.usage] if chunk.usage else []
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finishes += [choice.finish_reason] if choice.finish_reason else []
    assert text == whole.choices[0].message.content, text
    assert finishes == ["stop"] and usages == [whole.usage], (finishes, usages)


async def reasoning():
    whole = await completions_of.create(model=THINKER, messages=[user(STORY)])
    streamed = ""
    async for chunk in await completions_of.create(
        model=THINKER, messages=[user(STORY)], stream=True
    ):
        streamed += getattr(chunk.choices[0].delta, "reasoning_content", None) or ""
    assert streamed == whole.choices[0].message.reasoning_content != "", streamed


async def tools():
    messages = [user(ONE_CITY)]
    choice = (
        await completions_of.create(model=THINKER, messages=messages, tools=[GET_WEATHER])
    ).choices[0]
    assert choice.finish_reason == "tool_calls", choice
    [call] = choice.message.tool_calls
    assert call.function.name == "get_weather", call
    assert json.loads(call.function.arguments) == {"city": "Lisbon"}, call
    messages += [choice.message, result_of(call)]
    choice = (
        await completions_of.create(model=THINKER, messages=messages, tools=[GET_WEATHER])
    ).choices[0]
    assert choice.finish_reason == "stop" and "22 °C" in choice.message.content, choice


async def tools_streamed():
    messages = [user(ONE_CITY)]
    choice = await accumulated(messages, [GET_WEATHER])
    assert choice.finish_reason == "tool_calls", choice
    [call] = choice.message.tool_calls
    assert json.loads(call.function.arguments) == {"city": "Lisbon"}, call
    messages += [choice.message, result_of(call)]
    choice = await accumulated(messages, [GET_WEATHER])
    assert choice.finish_reason == "stop" and "22 °C" in choice.message.content, choice


async def two_calls():
    messages = [user(TWO_CITIES)]
    whole = await completions_of.create(model=THINKER, messages=messages, tools=[GET_WEATHER])
    check_two(whole.choices[0].message.tool_calls)
    check_two((await accumulated(messages, [GET_WEATHER])).message.tool_calls)
    indices = [
        part.index
        async for chunk in await completions_of.create(
            model=THINKER, messages=messages, tools=[GET_WEATHER], stream=True
        )
        for part in chunk.choices[0].delta.tool_calls or []
        if part.id
    ]
    assert indices == [0, 1], indices


def check_two(calls):
    cities = [json.loads(call.function.arguments)["city"] for call in calls]
    assert cities == ["Lisbon", "Oslo"], cities
    assert len({call.id for call in calls} - {"", None}) == 2, calls


async def accumulated(messages, tools):
    """The client's own helper puts the pieces together."""
    async with completions_of.stream(model=THINKER, messages=messages, tools=tools) as events:
        return (await events.get_final_completion()).choices[0]


def result_of(call):
    return {"role": "tool", "tool_call_id": call.id, "content": RESULT}


async def empty_arguments():
    request = {"model": "scripted", "messages": [user("@empty-arguments")], "tools": [PING]}
    [call] = (await completions_of.create(**request)).choices[0].message.tool_calls
    assert (call.function.name, call.function.arguments) == ("ping", "{}"), call
    async with completions_of.stream(**request) as events:
        [call] = (await events.get_final_completion()).choices[0].message.tool_calls
    assert (call.function.name, call.function.arguments) == ("ping", "{}"), call


async def forced_tool():
    request = {"model": THINKER, "messages": [user(STORY)], "tools": [GET_WEATHER]}
    named = {"type": "function", "function": {"name": "get_weather"}}
    for choice in ("required", named):
        message = (await completions_of.create(**request, tool_choice=choice)).choices[0].message
        [call] = message.tool_calls
        assert call.function.name == "get_weather", call
        assert isinstance(json.loads(call.function.arguments)["city"], str), call


class Booking(BaseModel):
    name: str
    day: Literal["monday", "tuesday"]
    guests: list[str]


async def structured():
    request = {"model": THINKER, "messages": [user(BOOKING)], "response_format": Booking}
    booking = (await completions_of.parse(**request)).choices[0].message.parsed
    assert isinstance(booking, Booking), booking
    async with completions_of.stream(**request) as events:
        streamed = (await events.get_final_completion()).choices[0].message.parsed
    assert streamed == booking, streamed


async def image():
    parts = [
        {"type": "text", "text": "What is in this picture?"},
        {"type": "image_url", "image_url": {"url": picture()}},
    ]
    answer = await completions_of.create(
        model="demo-vision", messages=[{"role": "user", "content": parts}]
    )
    assert "3 by 2" in answer.choices[0].message.content, answer


async def logprobs():
    request = {"model": "scripted", "messages": [user("@logprobs")]}
    asked = {"logprobs": True, "top_logprobs": 2}
    [choice] = (await completions_of.create(**request, **asked)).choices
    check_logprobs(choice.logprobs.content, choice.message.content)
    tokens, text = [], ""
    async for chunk in await completions_of.create(**request, **asked, stream=True):
        [choice] = chunk.choices
        text += choice.delta.content or ""
        tokens += choice.logprobs.content if choice.logprobs else []
    check_logprobs(tokens, text)


def check_logprobs(tokens, text):
    assert "".join(token.token for token in tokens) == text != "", (tokens, text)
    assert all(token.logprob <= 0 and len(token.top_logprobs) == 2 for token in tokens), tokens


async def n():
    request = {"model": THINKER, "messages": [user(STORY)], "n": 2}
    answer = await completions_of.create(**request)
    assert [choice.index for choice in answer.choices] == [0, 1], answer
    assert all(choice.message.content for choice in answer.choices), answer
    async with completions_of.stream(**request) as events:
        streamed = await events.get_final_completion()
    assert sorted(choice.index for choice in streamed.choices) == [0, 1], streamed
    assert all(choice.message.content for choice in streamed.choices), streamed
    assert [choice.finish_reason for choice in streamed.choices] == ["stop", "stop"], streamed


async def sampling():
    request = {"model": "demo-writer", "messages": [user(STORY)], "seed": 7}
    [choice] = (await completions_of.create(**request, stop=["."], max_completion_tokens=3)).choices
    assert choice.finish_reason == "length" and choice.message.content, choice
    [choice] = (await completions_of.create(**request, stop=["."])).choices
    assert choice.finish_reason == "stop" and "." not in choice.message.content, choice


async def embeddings():
    request = {"model": "demo-embed", "input": ["one text", "another one"]}
    floats = await client.embeddings.create(**request, encoding_format="float")
    unsaid = await client.embeddings.create(**request)
    alone = await client.embeddings.create(model="demo-embed", input="another one")
    assert [item.index for item in floats.data] == [0, 1], floats
    vectors = [item.embedding for item in floats.data]
    # Unless told, the client asks for base64 and decodes it.
    assert vectors == [item.embedding for item in unsaid.data], (floats, unsaid)
    assert vectors[0] != vectors[1] == alone.data[0].embedding, (vectors, alone)


async def completions():
    request = {"model": "demo-writer", "prompt": "Once"}
    [choice] = (await client.completions.create(**request)).choices
    assert choice.text and choice.finish_reason == "stop", choice
    chunks = await client.completions.create(**request, stream=True)
    streamed = "".join([choice.text async for chunk in chunks for choice in chunk.choices])
    assert streamed == choice.text, streamed


async def unicode():
    chunks = await completions_of.create(model="scripted", messages=[user("@unicode")], stream=True)
    text = "".join([chunk.choices[0].delta.content or "" async for chunk in chunks])
    assert text == UNICODE, ascii(text)


async def errors():
    once = client.with_options(max_retries=0)
    wrong, limited, narrow = (
        once.with_options(api_key=key) for key in ("wrong", LIMITED_KEY, NARROW_KEY)
    )
    impatient = once.with_options(base_url=BASE_URL_IMPATIENT)
    await refused(wrong, openai.AuthenticationError, 401)
    await refused(narrow, openai.PermissionDeniedError, 403, model="demo-writer")
    error = await refused(once, openai.NotFoundError, 404, model="nope")
    assert (error.code, error.param) == ("model_not_found", "model"), error.body
    error = await refused(once, openai.BadRequestError, 400, temperature="hot")
    assert error.param == "temperature" and error.type == "invalid_request_error", error.body
    await refused(once, openai.APIStatusError, 413, messages=[user(TOO_LONG)])
    await limited.models.list()
    error = await refused(limited, openai.RateLimitError, 429)
    assert int(error.response.headers["retry-after"]) > 0, error.response.headers
    await refused(once, openai.InternalServerError, 503, model="scripted", messages=[user("@busy")])
    silent = {"model": "scripted", "messages": [user("@silent-for-ever")]}
    await refused(impatient, openai.InternalServerError, 504, **silent)


async def refused(asker, kind, status, **request):
    try:
        await asker.chat.completions.create(
            **{"model": THINKER, "messages": [user("Hello.")], **request}
        )
    except kind as error:
        assert error.status_code == status and error.message, error
        return error
    raise AssertionError(f"no {status}")


async def mid_stream_error():
    text = ""
    try:
        async for chunk in await completions_of.create(
            model="scripted", messages=[user("@error-mid-stream")], stream=True
        ):
            text += chunk.choices[0].delta.content or ""
    except openai.APIError as error:
        assert text and error.message, (text, error)
        return
    raise AssertionError(f"it ended as if nothing had happened, after {text!r}")


async def abort():
    mark = "@endless-python-openai-async"
    chunks = await completions_of.create(model="scripted", messages=[user(mark)], stream=True)
    async with chunks:
        for _ in range(3):
            await anext(chunks)
    assert await asyncio.to_thread(released, mark)


async def silence():
    chunks = await completions_of.create(model="scripted", messages=[user("@silence")], stream=True)
    text = "".join([chunk.choices[0].delta.content or "" async for chunk in chunks])
    assert text == "Good things take time.", text


async def retries():
    mark = "@crash-after-work-python-openai-async"
    try:
        await completions_of.create(model="scripted", messages=[user(mark)])
    except openai.APIStatusError:
        worked = await asyncio.to_thread(generations, mark)
        assert worked == 1, worked
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
