package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sashabaranov/go-openai"
	"github.com/sashabaranov/go-openai/jsonschema"
)

var getWeather = openai.Tool{
	Type: openai.ToolTypeFunction,
	Function: &openai.FunctionDefinition{
		Name:        "get_weather",
		Description: "Current weather for a city",
		Parameters: jsonschema.Definition{
			Type:       jsonschema.Object,
			Properties: map[string]jsonschema.Definition{"city": {Type: jsonschema.String}},
			Required:   []string{"city"},
		},
	},
}

const oneCity = "What is the weather in Lisbon?"
const twoCities = "What is the weather in Lisbon and Oslo?"

func offered(text string) openai.ChatCompletionRequest {
	request := asked("demo-thinker", text)
	request.Tools = []openai.Tool{getWeather}
	return request
}

func tools(ctx context.Context, w world) error {
	request := offered(oneCity)
	answer, err := ask(ctx, w, request)
	if err != nil {
		return err
	}
	choice := answer.Choices[0]
	if choice.FinishReason != openai.FinishReasonToolCalls {
		return fmt.Errorf("finished with %q", choice.FinishReason)
	}
	request.Messages, err = answered(request.Messages, choice.Message)
	if err != nil {
		return err
	}
	answer, err = ask(ctx, w, request)
	if err != nil {
		return err
	}
	return contains(answer.Choices[0].Message.Content, "22 °C")
}

func toolsStreamed(ctx context.Context, w world) error {
	request := offered(oneCity)
	choices, _, err := askStreamed(ctx, w, request)
	if err != nil {
		return err
	}
	if err := choices[0].finishedOnce(openai.FinishReasonToolCalls); err != nil {
		return err
	}
	request.Messages, err = answered(request.Messages, choices[0].ChatCompletionMessage)
	if err != nil {
		return err
	}
	choices, _, err = askStreamed(ctx, w, request)
	if err != nil {
		return err
	}
	return contains(choices[0].Content, "22 °C")
}

// answered adds the call for Lisbon to the history, and its result.
func answered(history []openai.ChatCompletionMessage, message openai.ChatCompletionMessage) ([]openai.ChatCompletionMessage, error) {
	if err := cities(message.ToolCalls, "Lisbon"); err != nil {
		return nil, err
	}
	return append(history, message, resultOf(message.ToolCalls[0], `{"temperature":"22 °C"}`)), nil
}

func resultOf(call openai.ToolCall, result string) openai.ChatCompletionMessage {
	return openai.ChatCompletionMessage{Role: openai.ChatMessageRoleTool, Content: result, ToolCallID: call.ID}
}

// cities holds calls of get_weather against the cities they are for, in order, each with an id of its own.
func cities(calls []openai.ToolCall, wanted ...string) error {
	if len(calls) != len(wanted) {
		return fmt.Errorf("the calls %+v", calls)
	}
	ids := map[string]bool{"": true}
	for i, call := range calls {
		city, err := cityOf(call)
		if err != nil || city != wanted[i] || call.Type != openai.ToolTypeFunction || ids[call.ID] {
			return fmt.Errorf("call %d is %+v, %v", i, call, err)
		}
		ids[call.ID] = true
	}
	return nil
}

func cityOf(call openai.ToolCall) (string, error) {
	var arguments struct {
		City string `json:"city"`
	}
	decoder := json.NewDecoder(strings.NewReader(call.Function.Arguments))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&arguments)
	if err == nil && call.Function.Name != "get_weather" {
		err = fmt.Errorf("called is %q", call.Function.Name)
	}
	return arguments.City, err
}

func twoCalls(ctx context.Context, w world) error {
	whole, choices, err := bothWays(ctx, w, offered(twoCities))
	if err != nil {
		return err
	}
	if err := cities(whole.ToolCalls, "Lisbon", "Oslo"); err != nil {
		return err
	}
	return cities(choices.ToolCalls, "Lisbon", "Oslo")
}

func emptyArguments(ctx context.Context, w world) error {
	request := asked("scripted", "@empty-arguments-sashabaranov")
	request.Tools = []openai.Tool{{
		Type:     openai.ToolTypeFunction,
		Function: &openai.FunctionDefinition{Name: "ping", Parameters: jsonschema.Definition{Type: jsonschema.Object}},
	}}
	whole, choices, err := bothWays(ctx, w, request)
	if err != nil {
		return err
	}
	for _, calls := range [][]openai.ToolCall{whole.ToolCalls, choices.ToolCalls} {
		if len(calls) != 1 || calls[0].Function.Name != "ping" || calls[0].Function.Arguments != "{}" {
			return fmt.Errorf("the calls %+v", calls)
		}
	}
	request.Messages = append(request.Messages, whole, resultOf(whole.ToolCalls[0], "pong"))
	answer, err := ask(ctx, w, request)
	if err != nil {
		return err
	}
	return contains(answer.Choices[0].Message.Content, "answered")
}

func forcedTool(ctx context.Context, w world) error {
	request := offered(story)
	request.ToolChoice = "required"
	whole, choices, err := bothWays(ctx, w, request)
	if err != nil {
		return err
	}
	for _, calls := range [][]openai.ToolCall{whole.ToolCalls, choices.ToolCalls} {
		if len(calls) == 0 {
			return fmt.Errorf("no calls in %+v", whole)
		}
		if _, err := cityOf(calls[0]); err != nil {
			return err
		}
	}
	return nil
}

// bothWays asks the same twice: for one answer, and streamed.
func bothWays(ctx context.Context, w world, request openai.ChatCompletionRequest) (whole, heard openai.ChatCompletionMessage, err error) {
	answer, err := ask(ctx, w, request)
	if err != nil {
		return whole, heard, err
	}
	choices, _, err := askStreamed(ctx, w, request)
	if err != nil {
		return whole, heard, err
	}
	return answer.Choices[0].Message, choices[0].ChatCompletionMessage, nil
}

func contains(text, part string) error {
	return check(strings.Contains(text, part), "the answer is %q", text)
}
