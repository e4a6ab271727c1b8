"""Scenarios for the openai package of Python: `python scenarios.py NAME BASE_URL`. Exit code 0 is a pass."""

import json
import sys

import openai
from openai import OpenAI

MODEL = "demo-thinker"
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Current weather for a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
QUESTION = {"role": "user", "content": "What is the weather in Lisbon?"}


def text(client):
    request = {"model": MODEL, "messages": [{"role": "user", "content": "Tell me a story."}]}
    whole = client.chat.completions.create(**request)
    content = reasoning = ""
    usage = None
    for chunk in client.chat.completions.create(
        **request, stream=True, stream_options={"include_usage": True}
    ):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            content += choice.delta.content or ""
            reasoning += getattr(choice.delta, "reasoning_content", None) or ""
    message = whole.choices[0].message
    assert content == message.content != "", (content, message.content)
    assert reasoning == message.reasoning_content != "", reasoning
    assert usage == whole.usage and usage.total_tokens > 0, (usage, whole.usage)


def tool_round_trip(client):
    messages = [QUESTION]
    answer = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER])
    choice = answer.choices[0]
    assert choice.finish_reason == "tool_calls", choice
    assert choice.message.content is None or choice.message.content != "", choice
    [call] = choice.message.tool_calls
    assert json.loads(call.function.arguments) == {"city": "Lisbon"}, call
    messages += [choice.message, result_for(call.id)]
    answer = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER])
    assert answer.choices[0].finish_reason == "stop", answer
    assert "22 °C" in answer.choices[0].message.content, answer


def tool_round_trip_streamed(client):
    messages = [QUESTION]
    first = streamed(client, messages)
    assert first["finish"] == ["tool_calls"], first
    [call] = first["calls"].values()
    assert json.loads(call["function"]["arguments"]) == {"city": "Lisbon"}, call
    messages += [
        {"role": "assistant", "content": first["content"] or None, "tool_calls": [call]},
        result_for(call["id"]),
    ]
    second = streamed(client, messages)
    assert second["finish"] == ["stop"] and "22 °C" in second["content"], second


def streamed(client, messages):
    said = {"content": "", "calls": {}, "finish": []}
    stream = client.chat.completions.create(
        model=MODEL, messages=messages, tools=[WEATHER], stream=True
    )
    for chunk in stream:
        [choice] = chunk.choices
        said["content"] += choice.delta.content or ""
        for part in choice.delta.tool_calls or []:
            call = said["calls"].setdefault(
                part.index,
                {"id": "", "type": "function", "function": {"name": "", "arguments": ""}},
            )
            call["id"] += part.id or ""
            call["function"]["name"] += part.function.name or ""
            call["function"]["arguments"] += part.function.arguments or ""
        if choice.finish_reason is not None:
            said["finish"].append(choice.finish_reason)
    return said


def result_for(call_id):
    return {"role": "tool", "tool_call_id": call_id, "content": "22 °C, clear"}


def models(client):
    names = [model.id for model in client.models.list()]
    assert names == ["demo-thinker:latest", "demo-vision:latest"], names
    assert client.models.retrieve("demo-writer").id == "demo-writer:latest"


def errors(client):
    hello = [{"role": "user", "content": "Hello."}]
    try:
        client.chat.completions.create(model="demo-thinkr", messages=hello)
        raise AssertionError("no error for an unknown model")
    except openai.NotFoundError as error:
        assert error.code == "model_not_found" and error.param == "model", error
    try:
        client.chat.completions.create(model=MODEL, messages=hello, n=2)
        raise AssertionError("no error for n = 2")
    except openai.BadRequestError as error:
        assert error.code == "unsupported_parameter" and error.param == "n", error


SCENARIOS = {
    scenario.__name__: scenario
    for scenario in (text, tool_round_trip, tool_round_trip_streamed, models, errors)
}

if __name__ == "__main__":
    _, name, base_url = sys.argv
    SCENARIOS[name](OpenAI(base_url=base_url, api_key="any", max_retries=0))
