package messages

import (
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"
)

// MaxEnvelopes is the most envelopes that one message may carry.
const MaxEnvelopes = 1000

// Envelope is what every message travels in, on the wire and in the log.
type Envelope struct {
	// ID is unique for each message. On a command it is the command's id: the same id again has no second effect.
	ID string `json:"id"`
	// Type is the message's name in its category.
	Type string `json:"type"`
	// Metadata says who and what the message belongs to.
	Metadata Metadata `json:"metadata"`
	// Data is the message itself, a JSON object: decode it into the type of its category's package.
	Data json.RawMessage `json:"data"`
}

// Metadata says who and what a message belongs to. Members other than the first two may be added at any time.
type Metadata struct {
	// TraceID is one id for everything that a request caused.
	TraceID string
	// UserID is the caller's user id, or "".
	UserID string
	// Other has every other member, such as correlationId, causationId, commandId, version, time and traceparent.
	Other map[string]json.RawMessage
}

// Text is another member that is a text, or "".
func (m Metadata) Text(member string) string {
	var text string
	if json.Unmarshal(m.Other[member], &text) != nil {
		return ""
	}
	return text
}

// MarshalJSON writes all members as one object.
func (m Metadata) MarshalJSON() ([]byte, error) {
	members := make(map[string]interface{}, len(m.Other)+2)
	for name, value := range m.Other {
		members[name] = value
	}
	members["traceId"] = m.TraceID
	members["userId"] = m.UserID
	return json.Marshal(members)
}

// MalformedError is a body that is no envelope and no array of envelopes.
type MalformedError struct {
	// Member says which part is wrong: "metadata.traceId", "[1].data", or "" for the body as a whole.
	Member string
	// Reason says what is wrong with it.
	Reason string
}

func (e *MalformedError) Error() string {
	if e.Member == "" {
		return "the body " + e.Reason
	}
	return fmt.Sprintf("member '%s' %s", e.Member, e.Reason)
}

// Decode reads the body of a message: one envelope, or an array of 1 to 1,000 of them. Every other body is a
// *MalformedError that names the member. Unknown members are passed over; a traceId or userId that is missing is "".
// What Data holds is not looked at.
func Decode(body []byte) ([]Envelope, error) {
	if !utf8.Valid(body) {
		return nil, &MalformedError{"", "must be UTF-8"}
	}
	if !json.Valid(body) {
		return nil, &MalformedError{"", "must be JSON"}
	}
	var several []json.RawMessage
	if !holds(body, &several) || several == nil {
		envelope, err := decodeEnvelope(body, "")
		if err != nil {
			return nil, err
		}
		return []Envelope{envelope}, nil
	}
	if err := checkCount(len(several)); err != nil {
		return nil, err
	}
	envelopes := make([]Envelope, len(several))
	for i, one := range several {
		var err error
		if envelopes[i], err = decodeEnvelope(one, fmt.Sprintf("[%d]", i)); err != nil {
			return nil, err
		}
	}
	return envelopes, nil
}

// Encode writes the body of a message: an object for one envelope, an array for several.
func Encode(envelopes []Envelope) ([]byte, error) {
	if err := checkCount(len(envelopes)); err != nil {
		return nil, err
	}
	if len(envelopes) == 1 {
		return json.Marshal(envelopes[0])
	}
	return json.Marshal(envelopes)
}

func checkCount(count int) error {
	if count == 0 {
		return &MalformedError{"", "must hold at least one envelope"}
	}
	if count > MaxEnvelopes {
		return &MalformedError{"", fmt.Sprintf("must hold at most %d envelopes", MaxEnvelopes)}
	}
	return nil
}

// Members are looked up one by one: encoding/json would take "ID" for "id", and null for "".
func decodeEnvelope(text json.RawMessage, place string) (Envelope, error) {
	var members map[string]json.RawMessage
	if !holds(text, &members) || members == nil {
		return Envelope{}, &MalformedError{place, "must be an object"}
	}
	if place != "" {
		place += "."
	}
	var envelope Envelope
	var err error
	if envelope.ID, err = textIn(members, "id", place); err != nil {
		return Envelope{}, err
	}
	if envelope.Type, err = textIn(members, "type", place); err != nil {
		return Envelope{}, err
	}
	metadata, err := objectIn(members, "metadata", place)
	if err != nil {
		return Envelope{}, err
	}
	if envelope.Metadata, err = decodeMetadata(metadata, place+"metadata."); err != nil {
		return Envelope{}, err
	}
	if _, err = objectIn(members, "data", place); err != nil {
		return Envelope{}, err
	}
	envelope.Data = members["data"]
	return envelope, nil
}

func decodeMetadata(members map[string]json.RawMessage, place string) (Metadata, error) {
	metadata := Metadata{Other: members}
	for name, value := range map[string]*string{"traceId": &metadata.TraceID, "userId": &metadata.UserID} {
		if _, found := members[name]; !found {
			continue
		}
		text, err := textIn(members, name, place)
		if err != nil {
			return Metadata{}, err
		}
		*value = text
		delete(members, name)
	}
	return metadata, nil
}

func textIn(members map[string]json.RawMessage, name, place string) (string, error) {
	value, found := members[name]
	if !found {
		return "", &MalformedError{place + name, "is missing"}
	}
	var text *string
	if !holds(value, &text) || text == nil {
		return "", &MalformedError{place + name, "must be a string"}
	}
	return *text, nil
}

func objectIn(members map[string]json.RawMessage, name, place string) (map[string]json.RawMessage, error) {
	value, found := members[name]
	if !found {
		return nil, &MalformedError{place + name, "is missing"}
	}
	var object map[string]json.RawMessage
	if !holds(value, &object) || object == nil {
		return nil, &MalformedError{place + name, "must be an object"}
	}
	return object, nil
}

// holds tells whether a text of valid JSON is of the kind of `value`, and reads it; null leaves nil behind.
func holds(text json.RawMessage, value interface{}) bool {
	return json.Unmarshal(text, value) == nil
}

// Origin says where a command comes from. Every member may be left out.
type Origin struct {
	// ID is the command's id, a new UUID when left out. Give one where the same command may be sent again.
	ID string
	// TraceID is that of the cause, or the command's own id, when left out.
	TraceID string
	// UserID is that of the cause when left out.
	UserID string
	// Cause is the message that the command follows from: its trace, user and correlation are carried on.
	Cause *Envelope
}

// NewCommand puts a command into its envelope.
func NewCommand(name string, data interface{}, origin Origin) (Envelope, error) {
	id := origin.ID
	if id == "" {
		var err error
		if id, err = newID(); err != nil {
			return Envelope{}, err
		}
	}
	if err := CheckCommandID(id); err != nil {
		return Envelope{}, err
	}
	metadata := Metadata{TraceID: origin.TraceID, UserID: origin.UserID}
	if cause := origin.Cause; cause != nil {
		metadata.TraceID = either(metadata.TraceID, cause.Metadata.TraceID)
		metadata.UserID = either(metadata.UserID, cause.Metadata.UserID)
		metadata.Other = map[string]json.RawMessage{
			"correlationId": textValue(correlationOf(*cause)),
			"causationId":   textValue(cause.ID),
		}
	}
	metadata.TraceID = either(metadata.TraceID, id)
	text, err := json.Marshal(data)
	return Envelope{ID: id, Type: name, Metadata: metadata, Data: text}, err
}

// NewEvent is an event that has no envelope yet.
type NewEvent struct {
	Type string
	Data interface{}
}

// EventsOf makes the envelopes of the events that a command made. Their ids derive from the command's, so that deciding
// the same command again makes the same events; firstVersion is the entity's version at the first of them.
func EventsOf(command Envelope, events []NewEvent, firstVersion uint64, now time.Time) ([]Envelope, error) {
	envelopes := make([]Envelope, len(events))
	for i, event := range events {
		data, err := json.Marshal(event.Data)
		if err != nil {
			return nil, err
		}
		other := map[string]json.RawMessage{
			"correlationId": textValue(correlationOf(command)),
			"causationId":   textValue(command.ID),
			"commandId":     textValue(command.ID),
			"version":       json.RawMessage(fmt.Sprint(firstVersion + uint64(i))),
			"time":          textValue(now.UTC().Format("2006-01-02T15:04:05.000Z07:00")),
		}
		if parent := command.Metadata.Text("traceparent"); parent != "" {
			other["traceparent"] = textValue(parent)
		}
		envelopes[i] = Envelope{
			ID:       DeriveID("event", fmt.Sprintf("%s/%d", command.ID, i+1)),
			Type:     event.Type,
			Metadata: Metadata{TraceID: command.Metadata.TraceID, UserID: command.Metadata.UserID, Other: other},
			Data:     data,
		}
	}
	return envelopes, nil
}

func correlationOf(message Envelope) string {
	return either(message.Metadata.Text("correlationId"), message.Metadata.TraceID)
}

func either(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}

func textValue(text string) json.RawMessage {
	value, err := json.Marshal(text)
	if err != nil {
		panic(err) // no string fails to be written
	}
	return value
}
