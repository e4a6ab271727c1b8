package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/sashabaranov/go-openai"
)

func asked(model, text string) openai.ChatCompletionRequest {
	return openai.ChatCompletionRequest{
		Model:    model,
		Messages: []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, Content: text}},
	}
}

func ask(ctx context.Context, w world, request openai.ChatCompletionRequest) (openai.ChatCompletionResponse, error) {
	answer, err := w.client.CreateChatCompletion(ctx, request)
	if err == nil && len(answer.Choices) == 0 {
		err = errors.New("an answer without a choice")
	}
	return answer, err
}

// A streamed choice is what its deltas add up to: this client leaves that to the program.
type streamed struct {
	openai.ChatCompletionMessage
	finishReasons []openai.FinishReason
	logprobs      []openai.ChatCompletionTokenLogprob
}

// askStreamed hears a stream to its end: the choices by index, and the usage. With an error comes what was heard before it.
func askStreamed(ctx context.Context, w world, request openai.ChatCompletionRequest) ([]streamed, *openai.Usage, error) {
	request.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
	stream, err := w.client.CreateChatCompletionStream(ctx, request)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = stream.Close() }()
	var choices []streamed
	var usage *openai.Usage
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) && len(choices) == 0 {
			return nil, usage, errors.New("a stream without a choice")
		}
		if errors.Is(err, io.EOF) {
			return choices, usage, nil
		}
		if err != nil {
			return choices, usage, err
		}
		if chunk.Usage != nil {
			usage = chunk.Usage
		}
		for _, choice := range chunk.Choices {
			for choice.Index >= len(choices) {
				choices = append(choices, streamed{})
			}
			if err := choices[choice.Index].add(choice); err != nil {
				return choices, usage, err
			}
		}
	}
}

func (whole *streamed) add(choice openai.ChatCompletionStreamChoice) error {
	delta := choice.Delta
	whole.Content += delta.Content
	whole.ReasoningContent += delta.ReasoningContent
	if delta.Role != "" {
		whole.Role = delta.Role
	}
	if choice.FinishReason != "" {
		whole.finishReasons = append(whole.finishReasons, choice.FinishReason)
	}
	if choice.Logprobs != nil {
		whole.logprobs = append(whole.logprobs, choice.Logprobs.Content...)
	}
	for _, part := range delta.ToolCalls {
		if part.Index == nil || *part.Index > len(whole.ToolCalls) {
			return fmt.Errorf("a part of a call without its place: %+v", part)
		}
		if *part.Index == len(whole.ToolCalls) {
			whole.ToolCalls = append(whole.ToolCalls, openai.ToolCall{ID: part.ID, Type: part.Type})
		}
		call := &whole.ToolCalls[*part.Index]
		call.Function.Name += part.Function.Name
		call.Function.Arguments += part.Function.Arguments
	}
	return nil
}

// finishedOnce says how a streamed choice ended, and that it did so once.
func (whole *streamed) finishedOnce(reason openai.FinishReason) error {
	return check(len(whole.finishReasons) == 1 && whole.finishReasons[0] == reason,
		"finished with %q", whole.finishReasons)
}
