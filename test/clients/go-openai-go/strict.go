package main

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/openai/openai-go/v3/packages/respjson"
)

// strict finds what openai-go forgives: a field it requires and did not get, or got and could not decode.
func strict(answer any) error {
	return strictAt(reflect.ValueOf(answer), "")
}

func strictAt(value reflect.Value, path string) error {
	switch value.Kind() {
	case reflect.Pointer:
		if value.IsNil() {
			return nil
		}
		return strictAt(value.Elem(), path)
	case reflect.Slice:
		for i := range value.Len() {
			if err := strictAt(value.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	case reflect.Struct:
		return strictStruct(value, path)
	}
	return nil
}

func strictStruct(value reflect.Value, path string) error {
	metadata := value.FieldByName("JSON")
	if !metadata.IsValid() || metadata.Kind() != reflect.Struct {
		return nil
	}
	for i := range value.NumField() {
		field := value.Type().Field(i)
		described := metadata.FieldByName(field.Name)
		if !field.IsExported() || field.Name == "JSON" || !described.IsValid() {
			continue
		}
		at := path + "." + strings.Split(field.Tag.Get("json"), ",")[0]
		known, ok := described.Interface().(respjson.Field)
		if !ok {
			continue
		}
		raw := known.Raw()
		if raw == "" && field.Tag.Get("api") == "required" {
			return fmt.Errorf("%s is required, and missing", at)
		}
		if raw == "" || raw == respjson.Null {
			continue
		}
		if !known.Valid() || !isOfKind(raw, value.Field(i).Kind()) {
			return fmt.Errorf("%s cannot be decoded: %s", at, raw)
		}
		if fixed, ok := field.Tag.Lookup("default"); ok && raw != strconv.Quote(fixed) {
			return fmt.Errorf("%s is not %q: %s", at, fixed, raw)
		}
		if err := strictAt(value.Field(i), at); err != nil {
			return err
		}
	}
	return nil
}

// isOfKind is false where openai-go makes a number of a text, or a text of a number.
func isOfKind(raw string, kind reflect.Kind) bool {
	isText := raw[0] == '"'
	switch kind {
	case reflect.String:
		return isText
	case reflect.Int64, reflect.Float64, reflect.Bool:
		return !isText
	default:
		return true
	}
}
