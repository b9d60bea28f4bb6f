package messages

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestCategoriesAndIdsAreThoseOfTheRuntime(t *testing.T) {
	for _, check := range []struct {
		name      string
		check     func(string) error
		good, bad []string
	}{
		{"category", CheckCategory,
			[]string{"identity", "a", "a1_-", strings.Repeat("a", 64)},
			[]string{"", "Identity", "1a", "-a", "a.b", "a b", "a*", "a>", "ä", strings.Repeat("a", 65), "a\x00b", "a\n"}},
		{"entity id", CheckEntityID,
			[]string{"4711", "A-z_9", "Command", "commands", strings.Repeat("a", 128)},
			[]string{"", "command", "a.b", "a b", "*", ">", "a/b", "é", strings.Repeat("a", 129), "a\x00", "a\r\n"}},
		{"command id", CheckCommandID,
			[]string{"!", "~", "a:b/c.d", strings.Repeat("x", 128)},
			[]string{"", " ", "a b", "\x7f", "é", "\xff", strings.Repeat("x", 129), "a\n", "\x00"}},
	} {
		for _, text := range check.good {
			if err := check.check(text); err != nil {
				t.Errorf("%s: %v", check.name, err)
			}
		}
		for _, text := range check.bad {
			if check.check(text) == nil {
				t.Errorf("%s: %q passed", check.name, text)
			}
		}
	}
}

func TestAnErrorShowsNeitherControlCharactersNorTheWholeOfALongText(t *testing.T) {
	text := CheckEntityID("a\r\nSet-Cookie: 'x'\x1b[2J" + strings.Repeat("z", 10_000)).Error()
	if strings.ContainsAny(text, "\r\n\x1b") || !strings.Contains(text, "Set-Cookie: ?x?") || len(text) > 300 {
		t.Error(text)
	}
}

func TestDerivedIdsAreThoseOfTheRuntime(t *testing.T) {
	for _, each := range [][3]string{
		{"identity", "auth0|zoe", "e85f54d1-d0d4-5a4e-9c17-df41643ac48c"},
		{"identity", "Zoë", "9a22e38e-2ea5-5884-8db2-84a4aad625f4"},
		{"", "", "9a91bfc7-6ad7-5508-9625-1b6970ca3bbf"},
		{"a", "bc", "538fee79-aa67-5955-ac70-84c112ec97da"},
	} {
		if id := DeriveID(each[0], each[1]); id != each[2] {
			t.Errorf("%q %q: %s", each[0], each[1], id)
		}
	}
}

func TestAStreamNameIsReadAsItWasWritten(t *testing.T) {
	entity, _ := EntityStream("identity", "4711")
	category, _ := CategoryStream("identity")
	entityCommand, _ := EntityCommandStream("identity", "4711")
	command, _ := CommandStream("identity")
	for name, stream := range map[string]Stream{
		entity:        {Category: "identity", ID: "4711"},
		category:      {Category: "identity"},
		entityCommand: {Category: "identity", Commands: true, ID: "4711"},
		command:       {Category: "identity", Commands: true},
	} {
		parsed, err := ParseStream(name)
		if err != nil || parsed != stream || stream.String() != name {
			t.Errorf("%s: %v %v", name, parsed, err)
		}
	}
	if entity != "identity.4711" || category != "identity" || entityCommand != "identity.command.4711" || command != "identity.command" {
		t.Error(entity, category, entityCommand, command)
	}
	for _, name := range []string{"", ".", "identity.", ".4711", "identity.a.b", "identity.command.", "identity.command.a.b",
		"identity.command.command", "Identity.1", "identity.*", "identity.>", "identity.command.*"} {
		if _, err := ParseStream(name); err == nil {
			t.Errorf("%q was read", name)
		}
	}
	for _, id := range []string{"", "command", "a.b"} {
		if _, err := EntityStream("identity", id); err == nil {
			t.Errorf("%q named an entity", id)
		}
		if _, err := EntityCommandStream("identity", id); err == nil {
			t.Errorf("%q named an entity", id)
		}
	}
}

func TestACategoryOfEventsDoesNotHoldItsCommands(t *testing.T) {
	events, commands := Stream{Category: "identity"}, Stream{Category: "identity", Commands: true}
	for subject, holds := range map[string][2]bool{
		"identity.4711": {true, false}, "identity.command": {false, true}, "identity.command.4711": {false, true},
		"identity2.4711": {false, false}, "identity.4711.5": {false, false}, "": {false, false},
	} {
		if got := [2]bool{events.Holds(subject), commands.Holds(subject)}; got != holds {
			t.Errorf("%q: %v", subject, got)
		}
	}
}

func sample(data string) string {
	return `{"id":"1","type":"UserAdded","metadata":{"traceId":"t","userId":"u","version":3},"data":` + data + `}`
}

func TestWhatWasWrittenIsReadAgainInAnyScript(t *testing.T) {
	for _, name := range []string{"Zoë", "Zoe\u0308", "名", "𐍈", "👩🏽‍🚀", "\x00\u2028\u2029", `\u0041"`, "\ufeffmark", "<&>"} {
		command, err := NewCommand(name, map[string]string{name: name}, Origin{UserID: name})
		if err != nil {
			t.Fatal(err)
		}
		for _, all := range [][]Envelope{{command}, {command, command}} {
			body, err := Encode(all)
			if err != nil {
				t.Fatal(err)
			}
			if first := map[int]byte{1: '{', 2: '['}[len(all)]; body[0] != first {
				t.Errorf("%s", body)
			}
			read, err := Decode(body)
			if err != nil || len(read) != len(all) {
				t.Fatal(err)
			}
			var data map[string]string
			last := read[len(read)-1]
			if err := json.Unmarshal(last.Data, &data); err != nil || data[name] != name || last.Type != name || last.Metadata.UserID != name {
				t.Errorf("%q: %v %v", name, last, err)
			}
		}
	}
}

func TestMembersThatAreNotKnownAreKeptInMetadataAndPassedOverElsewhere(t *testing.T) {
	read, err := Decode([]byte(strings.Replace(sample("{}"), "{", `{"later":1,`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	body, err := Encode(read)
	if err != nil {
		t.Fatal(err)
	}
	var before, after interface{}
	if json.Unmarshal([]byte(sample("{}")), &before) != nil || json.Unmarshal(body, &after) != nil || !reflect.DeepEqual(before, after) {
		t.Errorf("%v is not %v", after, before)
	}
	read, err = Decode([]byte(`{"id":"1","type":"T","metadata":{},"data":{}}`))
	if err != nil || read[0].Metadata.TraceID != "" || read[0].Metadata.UserID != "" {
		t.Error(read, err)
	}
}

func TestABodyThatIsNoMessageIsRefusedByTheNameOfItsMember(t *testing.T) {
	with := func(member, value string) string {
		members := map[string]json.RawMessage{}
		if err := json.Unmarshal([]byte(sample("{}")), &members); err != nil {
			t.Fatal(err)
		}
		delete(members, member)
		if value != "" {
			members[member] = json.RawMessage(value)
		}
		text, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, wrong := range [][2]string{
		{"", ""}, {"", "{"}, {"", "[]"}, {"", "nul"}, {"", "1"}, {"", `"text"`}, {"", "null"}, {"[0]", "[null]"},
		{"", "{\xff}"}, {"", "\xed\xa0\x80"}, {"", sample("{}") + "{}"}, {"", sample("{\"a\":\"Zo\xff\"}")},
		{"id", with("id", "")}, {"id", with("id", "1")}, {"id", strings.Replace(sample("{}"), `"id"`, `"ID"`, 1)},
		{"type", with("type", "null")}, {"type", with("type", "")}, {"metadata", with("metadata", "[]")},
		{"metadata", with("metadata", "")}, {"metadata", with("metadata", "null")},
		{"metadata.traceId", with("metadata", `{"traceId":1}`)}, {"metadata.userId", with("metadata", `{"userId":null}`)},
		{"data", with("data", `""`)}, {"data", with("data", "null")}, {"data", with("data", "")}, {"data", with("data", "[]")},
		{"[1].data", "[" + sample("{}") + "," + sample("1") + "]"}, {"[1]", "[" + sample("{}") + ",[]]"},
		{"[1].metadata.traceId", "[" + sample("{}") + "," + with("metadata", `{"traceId":1}`) + "]"},
		{"", "[" + strings.Repeat(sample("{}")+",", 1000) + sample("{}") + "]"},
		{"", strings.Repeat("[", 200_000)}, {"", strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000)},
	} {
		_, err := Decode([]byte(wrong[1]))
		var malformed *MalformedError
		if !errors.As(err, &malformed) || malformed.Member != wrong[0] {
			t.Errorf("%.80s: %v", wrong[1], err)
		}
	}
	if _, err := Encode(nil); err == nil {
		t.Error("an empty message was written")
	}
}

func TestACommandCarriesOnWhereItComesFrom(t *testing.T) {
	first, err := NewCommand("AddUser", map[string]string{}, Origin{UserID: "u"})
	if err != nil || first.Metadata.TraceID != first.ID {
		t.Fatal(first, err)
	}
	make := func() []Envelope {
		events, err := EventsOf(first, []NewEvent{{"UserAdded", struct{}{}}, {"UserModified", struct{}{}}}, 4, time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		return events
	}
	events := make()
	if events[0].ID != DeriveID("event", first.ID+"/1") || !reflect.DeepEqual(events, make()) || events[0].ID == events[1].ID {
		t.Error(events)
	}
	if string(events[1].Metadata.Other["version"]) != "5" || events[0].Metadata.Text("time") != "1970-01-01T00:00:00.000Z" {
		t.Error(events)
	}
	next, err := NewCommand("LockAccount", struct{}{}, Origin{Cause: &events[0]})
	if err != nil {
		t.Fatal(err)
	}
	metadata := next.Metadata
	if metadata.TraceID != first.ID || metadata.UserID != "u" || metadata.Text("correlationId") != first.ID || metadata.Text("causationId") != events[0].ID {
		t.Error(metadata)
	}
	if _, err := NewCommand("AddUser", struct{}{}, Origin{ID: "not an id"}); err == nil {
		t.Error("a command got an id with spaces")
	}
}
