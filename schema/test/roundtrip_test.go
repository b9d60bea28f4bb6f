package roundtrip

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// roundtrip.sh writes `messages`: a new, empty message for each golden file.

func golden(t *testing.T, name string) map[string]interface{} {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(os.Getenv("GOLDEN"), name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return object(t, text)
}

func object(t *testing.T, text []byte) map[string]interface{} {
	t.Helper()
	var members map[string]interface{}
	if err := json.Unmarshal(text, &members); err != nil {
		t.Fatal(err)
	}
	return members
}

func text(t *testing.T, members interface{}) []byte {
	t.Helper()
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAMessageIsTheSameAfterDecodingAndEncoding(t *testing.T) {
	for name, create := range messages {
		before := golden(t, name)
		message := create()
		decoder := json.NewDecoder(bytes.NewReader(text(t, before)))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(message); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if after := object(t, text(t, message)); !reflect.DeepEqual(before, after) {
			t.Errorf("%s: %v is not %v", name, after, before)
		}
	}
}

func TestAMemberOfALaterVersionIsPassedOver(t *testing.T) {
	for name, create := range messages {
		before := golden(t, name)
		later := golden(t, name)
		later["memberOfALaterVersion"] = []int{1}
		message := create()
		if err := json.Unmarshal(text(t, later), message); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if after := object(t, text(t, message)); !reflect.DeepEqual(before, after) {
			t.Errorf("%s: %v is not %v", name, after, before)
		}
	}
}

func TestAMemberOfAnotherTypeIsRefused(t *testing.T) {
	for name, create := range messages {
		for member := range golden(t, name) {
			wrong := golden(t, name)
			wrong[member] = map[string]int{"wrong": 1}
			if err := json.Unmarshal(text(t, wrong), create()); err == nil {
				t.Errorf("%s: an object was read as %s", name, member)
			}
		}
	}
}
