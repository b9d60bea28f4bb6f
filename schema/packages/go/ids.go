// Package messages has what Troupe's messages travel in: envelopes, the names of streams, and ids. The messages
// themselves are in one package for each category, such as messages/identity; messages/jetstream publishes and follows
// them.
package messages

import (
	"crypto/rand"
	"crypto/sha1" // what UUID version 5 is made of
	"fmt"
	"strings"
)

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

// consistsOf tells whether a text has 1 to most characters, all of them allowed.
func consistsOf(text string, most int, allowed func(rune) bool) bool {
	return text != "" && len(text) <= most && strings.IndexFunc(text, func(r rune) bool { return !allowed(r) }) < 0
}

func oneOf(characters string) func(rune) bool {
	return func(r rune) bool { return strings.ContainsRune(characters, r) }
}

// CheckCategory checks a category: a lower-case letter, then up to 63 of [a-z0-9_-].
func CheckCategory(text string) error {
	if consistsOf(text, 64, oneOf(lower+digits+"_-")) && strings.IndexByte(lower, text[0]) >= 0 {
		return nil
	}
	return fmt.Errorf("category %s must be a lower-case letter and up to 63 of [a-z0-9_-]", quoted(text))
}

// CheckEntityID checks an entity's id: 1 to 128 of [A-Za-z0-9_-], and not the reserved word "command".
func CheckEntityID(text string) error {
	if text == "command" {
		return fmt.Errorf("entity id 'command' is reserved; choose another")
	}
	if consistsOf(text, 128, oneOf(lower+upper+digits+"_-")) {
		return nil
	}
	return fmt.Errorf("entity id %s must be 1 to 128 of [A-Za-z0-9_-]", quoted(text))
}

// CheckCommandID checks a command's id: 1 to 128 printable ASCII characters without spaces.
func CheckCommandID(text string) error {
	if consistsOf(text, 128, func(r rune) bool { return r > ' ' && r < 0x7f }) {
		return nil
	}
	return fmt.Errorf("command id %s must be 1 to 128 printable ASCII characters without spaces", quoted(text))
}

// DeriveID makes the name-based UUID (version 5) that Troupe gives to a name in a scope: the same everywhere and for
// ever. DeriveID("identity", auth0ID) is the id of a user; DeriveID("event", commandID+"/1") that of the first event of
// a command.
func DeriveID(scope, name string) string {
	project := [16]byte{0x6f, 0x6e, 0x0a, 0x3e, 0x9c, 0x5d, 0x4b, 0x5c, 0x8a, 0x51, 0x7f, 0x3b, 0x1f, 0x0c, 0x2d, 0x11}
	return uuidText(uuid5(uuid5(project, scope), name))
}

func uuid5(namespace [16]byte, name string) [16]byte {
	var id [16]byte
	sum := sha1.Sum(append(namespace[:], name...))
	copy(id[:], sum[:])
	return marked(id, 5)
}

// newID makes a random UUID (version 4).
func newID() (string, error) {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		return "", err
	}
	return uuidText(marked(id, 4)), nil
}

func marked(id [16]byte, version byte) [16]byte {
	id[6] = id[6]&0x0f | version<<4
	id[8] = id[8]&0x3f | 0x80
	return id
}

func uuidText(id [16]byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// quoted shows a text in an error without control characters, and not the whole of a long one.
func quoted(text string) string {
	shown := []byte(text)
	rest := ""
	if len(shown) > 64 {
		shown, rest = shown[:64], "…"
	}
	for i, c := range shown {
		if c < ' ' || c >= 0x7f || c == '\'' {
			shown[i] = '?'
		}
	}
	return "'" + string(shown) + rest + "'"
}
