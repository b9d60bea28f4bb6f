package messages

import (
	"fmt"
	"strings"
)

// Stream is what the name of a stream says.
type Stream struct {
	Category string
	// Commands tells a stream of commands from one of events.
	Commands bool
	// ID names the entity; "" stands for the whole category.
	ID string
}

// EntityStream names the events of one entity: "identity.4711".
func EntityStream(category, id string) (string, error) {
	return named(Stream{Category: category, ID: id}, true)
}

// CategoryStream names the events of every entity of a category: "identity".
func CategoryStream(category string) (string, error) {
	return named(Stream{Category: category}, false)
}

// EntityCommandStream names the commands to one entity: "identity.command.4711".
func EntityCommandStream(category, id string) (string, error) {
	return named(Stream{Category: category, Commands: true, ID: id}, true)
}

// CommandStream names the commands to a category: "identity.command".
func CommandStream(category string) (string, error) {
	return named(Stream{Category: category, Commands: true}, false)
}

func named(stream Stream, entity bool) (string, error) {
	if err := CheckCategory(stream.Category); err != nil {
		return "", err
	}
	if entity {
		if err := CheckEntityID(stream.ID); err != nil {
			return "", err
		}
	}
	return stream.String(), nil
}

// String is the name of the stream.
func (s Stream) String() string {
	name := s.Category
	if s.Commands {
		name += ".command"
	}
	if s.ID != "" {
		name += "." + s.ID
	}
	return name
}

// ParseStream reads any of the four forms.
func ParseStream(name string) (Stream, error) {
	parts := strings.Split(name, ".")
	stream := Stream{Category: parts[0]}
	if err := CheckCategory(stream.Category); err != nil {
		return Stream{}, err
	}
	parts = parts[1:]
	if len(parts) > 0 && parts[0] == "command" {
		stream.Commands = true
		parts = parts[1:]
	}
	if len(parts) > 1 {
		return Stream{}, fmt.Errorf("stream %s must be category, category.id, category.command or category.command.id", quoted(name))
	}
	if len(parts) == 1 {
		stream.ID = parts[0]
		if err := CheckEntityID(stream.ID); err != nil {
			return Stream{}, err
		}
	}
	return stream, nil
}

// Holds tells whether a message on a subject belongs to the stream.
func (s Stream) Holds(subject string) bool {
	found, err := ParseStream(subject)
	return err == nil && found.Category == s.Category && found.Commands == s.Commands && (s.ID == "" || s.ID == found.ID)
}
