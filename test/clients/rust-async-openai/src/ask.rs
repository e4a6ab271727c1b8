//! Asking for a chat completion, in one piece and streamed.

use async_openai::{
    config::OpenAIConfig,
    error::OpenAIError,
    types::chat::{
        ChatChoice, ChatCompletionMessageToolCall, ChatCompletionMessageToolCalls,
        ChatCompletionRequestMessage, ChatCompletionRequestUserMessage,
        ChatCompletionStreamOptions, ChatCompletionTokenLogprob, CompletionUsage,
        CreateChatCompletionRequest, CreateChatCompletionRequestArgs, CreateChatCompletionResponse,
        FinishReason, FunctionCall,
    },
};
use futures::StreamExt;

use crate::{Seen, World, ensure};

pub fn config(base_url: &str, key: &str) -> OpenAIConfig {
    OpenAIConfig::new()
        .with_api_base(base_url)
        .with_api_key(key)
}

pub fn user(text: &str) -> ChatCompletionRequestMessage {
    ChatCompletionRequestUserMessage::from(text).into()
}

/// To be completed with what a scenario is about.
pub fn asked(model: &str, text: &str) -> CreateChatCompletionRequestArgs {
    let mut request = CreateChatCompletionRequestArgs::default();
    request.model(model).messages([user(text)]);
    request
}

pub async fn ask(
    w: &World,
    request: CreateChatCompletionRequest,
) -> Seen<CreateChatCompletionResponse> {
    let answer = w.client.chat().create(request).await?;
    ensure!(
        answer.object == "chat.completion",
        "the object is {}",
        answer.object
    );
    ensure!(!answer.choices.is_empty(), "an answer without a choice");
    Ok(answer)
}

pub async fn first_choice(w: &World, request: CreateChatCompletionRequest) -> Seen<ChatChoice> {
    Ok(ask(w, request).await?.choices.remove(0))
}

/// What the deltas of one choice add up to: this client leaves that to the program.
#[derive(Debug, Default)]
pub struct Heard {
    pub text: String,
    pub calls: Vec<ChatCompletionMessageToolCall>,
    pub logprobs: Vec<ChatCompletionTokenLogprob>,
    pub finish_reasons: Vec<FinishReason>,
}

#[derive(Debug, Default)]
pub struct Stream {
    pub choices: Vec<Heard>,
    pub usage: Option<CompletionUsage>,
    /// Raised before the end.
    pub error: Option<OpenAIError>,
}

/// Hears a stream to its end, or to what is raised in it.
pub async fn listen(w: &World, mut request: CreateChatCompletionRequest) -> Seen<Stream> {
    request.stream = Some(true);
    request.stream_options = Some(ChatCompletionStreamOptions {
        include_usage: Some(true),
        include_obfuscation: None,
    });
    let mut chunks = w.client.chat().create_stream(request).await?;
    let mut stream = Stream::default();
    while let Some(chunk) = chunks.next().await {
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => {
                stream.error = Some(error);
                break;
            }
        };
        ensure!(
            chunk.object == "chat.completion.chunk",
            "the object is {}",
            chunk.object
        );
        stream.usage = chunk.usage.or(stream.usage);
        for choice in chunk.choices {
            let at = choice.index as usize;
            stream
                .choices
                .resize_with(stream.choices.len().max(at + 1), Heard::default);
            let heard = &mut stream.choices[at];
            heard.text += choice.delta.content.as_deref().unwrap_or("");
            heard.finish_reasons.extend(choice.finish_reason);
            heard.logprobs.extend(
                choice
                    .logprobs
                    .and_then(|found| found.content)
                    .unwrap_or_default(),
            );
            for part in choice.delta.tool_calls.unwrap_or_default() {
                let at = part.index as usize;
                ensure!(
                    at <= heard.calls.len(),
                    "a part of the call {at} out of order"
                );
                if at == heard.calls.len() {
                    let id = part.id.ok_or("a call without an id")?;
                    let function = FunctionCall::default();
                    heard
                        .calls
                        .push(ChatCompletionMessageToolCall { id, function });
                }
                let said = part.function.unwrap_or_default();
                let call = &mut heard.calls[at].function;
                call.name += said.name.as_deref().unwrap_or("");
                call.arguments += said.arguments.as_deref().unwrap_or("");
            }
        }
    }
    Ok(stream)
}

/// A stream of one choice that ended as it should.
pub async fn listen_to_one(
    w: &World,
    request: CreateChatCompletionRequest,
    finish_reason: FinishReason,
) -> Seen<(Heard, CompletionUsage)> {
    let mut stream = listen(w, request).await?;
    if let Some(error) = stream.error {
        return Err(error.into());
    }
    ensure!(
        stream.choices.len() == 1,
        "{} choices",
        stream.choices.len()
    );
    let heard = stream.choices.remove(0);
    ensure!(
        heard.finish_reasons == [finish_reason],
        "finished with {:?}",
        heard.finish_reasons
    );
    Ok((heard, stream.usage.ok_or("no usage at the end")?))
}

/// The calls of functions; this client has a kind of its own for others.
pub fn calls_in(choice: &ChatChoice) -> Vec<ChatCompletionMessageToolCall> {
    let calls = choice.message.tool_calls.iter().flatten();
    calls
        .filter_map(|call| match call {
            ChatCompletionMessageToolCalls::Function(call) => Some(call.clone()),
            ChatCompletionMessageToolCalls::Custom(_) => None,
        })
        .collect()
}
