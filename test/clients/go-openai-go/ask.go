package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/respjson"
)

func asked(model, text string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model:    model,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)},
	}
}

// ask wants one answer, and every field of it in order.
func ask(ctx context.Context, w world, params openai.ChatCompletionNewParams) (*openai.ChatCompletion, error) {
	answer, err := w.client.Chat.Completions.New(ctx, params)
	if err != nil {
		return nil, err
	}
	if err := strict(answer); err != nil {
		return nil, err
	}
	if len(answer.Choices) == 0 {
		return nil, errors.New("an answer without a choice: " + answer.RawJSON())
	}
	return answer, nil
}

// A streamed answer is what openai-go's own accumulator makes of its chunks.
type streamed struct {
	openai.ChatCompletionAccumulator
	reasoning string
	logprobs  []openai.ChatCompletionTokenLogprob
	finished  int
}

// askStreamed hears a stream to its end; with an error comes what was heard before it.
func askStreamed(ctx context.Context, w world, params openai.ChatCompletionNewParams) (*streamed, error) {
	params.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)}
	stream := w.client.Chat.Completions.NewStreaming(ctx, params)
	defer func() { _ = stream.Close() }()
	var answer streamed
	for stream.Next() {
		chunk := stream.Current()
		if err := strict(chunk); err != nil {
			return nil, err
		}
		if !answer.AddChunk(chunk) {
			return nil, errors.New("the accumulator refused " + chunk.RawJSON())
		}
		for _, choice := range chunk.Choices {
			thought, err := unknownText(choice.Delta.JSON.ExtraFields, "reasoning_content")
			if err != nil {
				return nil, err
			}
			answer.reasoning += thought
			answer.logprobs = append(answer.logprobs, choice.Logprobs.Content...)
			if choice.FinishReason != "" {
				answer.finished++
			}
		}
	}
	if err := stream.Err(); err != nil {
		return &answer, err
	}
	if len(answer.Choices) == 0 {
		return nil, errors.New("a stream without a choice")
	}
	return &answer, nil
}

// once is a client of that key without retries, for what is refused on purpose.
func once(baseURL, key string) openai.Client {
	return openai.NewClient(
		option.WithBaseURL(baseURL),
		option.WithAPIKey(key),
		option.WithMaxRetries(0),
	)
}

// unknownText reads a field that openai-go has no name for, as its README shows.
func unknownText(fields map[string]respjson.Field, name string) (text string, err error) {
	field, ok := fields[name]
	if !ok {
		return "", nil
	}
	err = json.Unmarshal([]byte(field.Raw()), &text)
	return text, err
}
