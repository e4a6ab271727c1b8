package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/openai/openai-go/v3"
)

var getWeather = openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{
	Name:        "get_weather",
	Description: openai.String("Current weather for a city"),
	Parameters: openai.FunctionParameters{
		"type":       "object",
		"properties": map[string]any{"city": map[string]any{"type": "string"}},
		"required":   []string{"city"},
	},
})

const oneCity = "What is the weather in Lisbon?"
const twoCities = "What is the weather in Lisbon and Oslo?"

func offered(text string, tools ...openai.ChatCompletionToolUnionParam) openai.ChatCompletionNewParams {
	params := asked("demo-thinker", text)
	params.Tools = tools
	return params
}

func tools(ctx context.Context, w world) error {
	params := offered(oneCity, getWeather)
	answer, err := ask(ctx, w, params)
	if err != nil {
		return err
	}
	params.Messages, err = answered(params.Messages, answer.Choices[0])
	if err != nil {
		return err
	}
	answer, err = ask(ctx, w, params)
	if err != nil {
		return err
	}
	return contains(answer.Choices[0].Message.Content, "22 °C")
}

func toolsStreamed(ctx context.Context, w world) error {
	params := offered(oneCity, getWeather)
	answer, err := askStreamed(ctx, w, params)
	if err != nil {
		return err
	}
	params.Messages, err = answered(params.Messages, answer.Choices[0])
	if err != nil {
		return err
	}
	answer, err = askStreamed(ctx, w, params)
	if err != nil {
		return err
	}
	return contains(answer.Choices[0].Message.Content, "22 °C")
}

// answered adds the call for Lisbon to the history, and its result.
func answered(history []openai.ChatCompletionMessageParamUnion, choice openai.ChatCompletionChoice) ([]openai.ChatCompletionMessageParamUnion, error) {
	calls := choice.Message.ToolCalls
	if choice.FinishReason != "tool_calls" || len(calls) != 1 || calls[0].Function.Name != "get_weather" {
		return nil, fmt.Errorf("finish reason %q, calls %+v", choice.FinishReason, calls)
	}
	if city, err := cityOf(calls[0]); err != nil || city != "Lisbon" {
		return nil, fmt.Errorf("the city %q, %v", city, err)
	}
	return append(history, choice.Message.ToParam(), openai.ToolMessage(`{"temperature":"22 °C"}`, calls[0].ID)), nil
}

func cityOf(call openai.ChatCompletionMessageToolCallUnion) (string, error) {
	var arguments struct {
		City string `json:"city"`
	}
	decoder := json.NewDecoder(strings.NewReader(call.Function.Arguments))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&arguments)
	return arguments.City, err
}

func twoCalls(ctx context.Context, w world) error {
	whole, err := ask(ctx, w, offered(twoCities, getWeather))
	if err != nil {
		return err
	}
	answer, err := askStreamed(ctx, w, offered(twoCities, getWeather))
	if err != nil {
		return err
	}
	for _, choice := range []openai.ChatCompletionChoice{whole.Choices[0], answer.Choices[0]} {
		calls := choice.Message.ToolCalls
		if len(calls) != 2 || calls[0].ID == "" || calls[1].ID == "" || calls[0].ID == calls[1].ID {
			return fmt.Errorf("the calls %+v", calls)
		}
		for i, wanted := range []string{"Lisbon", "Oslo"} {
			if city, err := cityOf(calls[i]); err != nil || city != wanted {
				return fmt.Errorf("call %d is for %q, %v", i, city, err)
			}
		}
	}
	return nil
}

func emptyArguments(ctx context.Context, w world) error {
	params := asked("scripted", "@empty-arguments-openai-go")
	params.Tools = []openai.ChatCompletionToolUnionParam{
		openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{Name: "ping"}),
	}
	whole, err := ask(ctx, w, params)
	if err != nil {
		return err
	}
	answer, err := askStreamed(ctx, w, params)
	if err != nil {
		return err
	}
	for _, choice := range []openai.ChatCompletionChoice{whole.Choices[0], answer.Choices[0]} {
		calls := choice.Message.ToolCalls
		if len(calls) != 1 || calls[0].Function.Name != "ping" || calls[0].Function.Arguments != "{}" {
			return fmt.Errorf("the calls %+v", calls)
		}
	}
	message := whole.Choices[0].Message
	params.Messages = append(params.Messages, message.ToParam(), openai.ToolMessage("pong", message.ToolCalls[0].ID))
	whole, err = ask(ctx, w, params)
	if err != nil {
		return err
	}
	return contains(whole.Choices[0].Message.Content, "answered")
}

func forcedTool(ctx context.Context, w world) error {
	params := offered(story, getWeather)
	params.ToolChoice.OfAuto = openai.String("required")
	whole, err := ask(ctx, w, params)
	if err != nil {
		return err
	}
	answer, err := askStreamed(ctx, w, params)
	if err != nil {
		return err
	}
	for _, choice := range []openai.ChatCompletionChoice{whole.Choices[0], answer.Choices[0]} {
		calls := choice.Message.ToolCalls
		if len(calls) == 0 || calls[0].Function.Name != "get_weather" {
			return fmt.Errorf("finish reason %q, calls %+v", choice.FinishReason, calls)
		}
		if _, err := cityOf(calls[0]); err != nil {
			return err
		}
	}
	return nil
}

func contains(text, part string) error {
	return check(strings.Contains(text, part), "the answer is %q", text)
}
