//! What is called, and answered.

use async_openai::types::chat::{
    ChatCompletionMessageToolCall, ChatCompletionMessageToolCalls,
    ChatCompletionRequestAssistantMessageArgs, ChatCompletionRequestMessage,
    ChatCompletionRequestToolMessage, ChatCompletionTool, ChatCompletionToolChoiceOption,
    ChatCompletionTools, CreateChatCompletionRequest, FinishReason, FunctionObjectArgs,
    ToolChoiceOptions,
};
use serde::Deserialize;
use serde_json::json;

use crate::{
    Seen, World,
    answers::STORY,
    ask::{asked, calls_in, first_choice, listen_to_one},
    ensure,
};

const ONE_CITY: &str = "What is the weather in Lisbon?";
const TWO_CITIES: &str = "What is the weather in Lisbon and Oslo?";

fn offered(text: &str) -> Seen<CreateChatCompletionRequest> {
    let function = FunctionObjectArgs::default()
        .name("get_weather")
        .description("Current weather for a city")
        .parameters(json!({
            "type": "object",
            "properties": { "city": { "type": "string" } },
            "required": ["city"],
        }))
        .build()?;
    let tools = vec![ChatCompletionTools::Function(ChatCompletionTool {
        function,
    })];
    Ok(asked("demo-thinker", text).tools(tools).build()?)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    city: String,
}

fn city_of(call: &ChatCompletionMessageToolCall) -> Seen<String> {
    ensure!(call.function.name == "get_weather", "called is {call:?}");
    let Arguments { city } = serde_json::from_str(&call.function.arguments)?;
    Ok(city)
}

fn hold_against(calls: &[ChatCompletionMessageToolCall], wanted: &[&str]) -> Seen {
    let cities = calls.iter().map(city_of).collect::<Seen<Vec<_>>>()?;
    ensure!(cities == wanted, "called for {cities:?}");
    for (at, call) in calls.iter().enumerate() {
        let is_own = calls[..at].iter().all(|earlier| earlier.id != call.id);
        ensure!(is_own && !call.id.is_empty(), "the ids in {calls:?}");
    }
    Ok(())
}

/// A call as it is sent back, and its result.
fn round(
    call: ChatCompletionMessageToolCall,
    result: &str,
) -> Seen<[ChatCompletionRequestMessage; 2]> {
    let answer = ChatCompletionRequestToolMessage {
        content: result.into(),
        tool_call_id: call.id.clone(),
    };
    let message = ChatCompletionRequestAssistantMessageArgs::default()
        .tool_calls(vec![ChatCompletionMessageToolCalls::Function(call)])
        .build()?;
    Ok([message.into(), answer.into()])
}

pub async fn whole(w: &World) -> Seen {
    let mut request = offered(ONE_CITY)?;
    let choice = first_choice(w, request.clone()).await?;
    ensure!(
        choice.finish_reason == Some(FinishReason::ToolCalls),
        "{choice:?}"
    );
    let mut calls = calls_in(&choice);
    hold_against(&calls, &["Lisbon"])?;
    request
        .messages
        .extend(round(calls.remove(0), r#"{"temperature":"22 °C"}"#)?);
    let text = first_choice(w, request)
        .await?
        .message
        .content
        .unwrap_or_default();
    ensure!(text.contains("22 °C"), "the answer is {text:?}");
    Ok(())
}

pub async fn streamed(w: &World) -> Seen {
    let mut request = offered(ONE_CITY)?;
    let (mut heard, _) = listen_to_one(w, request.clone(), FinishReason::ToolCalls).await?;
    hold_against(&heard.calls, &["Lisbon"])?;
    request
        .messages
        .extend(round(heard.calls.remove(0), r#"{"temperature":"22 °C"}"#)?);
    let (heard, _) = listen_to_one(w, request, FinishReason::Stop).await?;
    ensure!(
        heard.text.contains("22 °C"),
        "the answer is {:?}",
        heard.text
    );
    Ok(())
}

pub async fn two_calls(w: &World) -> Seen {
    let request = offered(TWO_CITIES)?;
    let choice = first_choice(w, request.clone()).await?;
    hold_against(&calls_in(&choice), &["Lisbon", "Oslo"])?;
    let (heard, _) = listen_to_one(w, request, FinishReason::ToolCalls).await?;
    hold_against(&heard.calls, &["Lisbon", "Oslo"])
}

pub async fn empty_arguments(w: &World) -> Seen {
    let function = FunctionObjectArgs::default().name("ping").build()?;
    let tools = vec![ChatCompletionTools::Function(ChatCompletionTool {
        function,
    })];
    let mut request = asked("scripted", "@empty-arguments-async-openai")
        .tools(tools)
        .build()?;
    let choice = first_choice(w, request.clone()).await?;
    let (heard, _) = listen_to_one(w, request.clone(), FinishReason::ToolCalls).await?;
    let mut calls = calls_in(&choice);
    for calls in [&calls, &heard.calls] {
        let [call] = calls.as_slice() else {
            return Err(format!("{calls:?}").into());
        };
        ensure!(
            call.function.name == "ping" && call.function.arguments == "{}",
            "{call:?}"
        );
    }
    request.messages.extend(round(calls.remove(0), "pong")?);
    let text = first_choice(w, request)
        .await?
        .message
        .content
        .unwrap_or_default();
    ensure!(text.contains("answered"), "the answer is {text:?}");
    Ok(())
}

pub async fn forced(w: &World) -> Seen {
    let mut request = offered(STORY)?;
    request.tool_choice = Some(ChatCompletionToolChoiceOption::Mode(
        ToolChoiceOptions::Required,
    ));
    let choice = first_choice(w, request.clone()).await?;
    let (heard, _) = listen_to_one(w, request, FinishReason::ToolCalls).await?;
    for calls in [calls_in(&choice), heard.calls] {
        city_of(calls.first().ok_or("no call")?)?;
    }
    Ok(())
}
