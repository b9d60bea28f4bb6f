// Command users adds a user and follows everybody who is added, until SIGINT or SIGTERM:
//
//	NATS_URL=nats://127.0.0.1:4222 users 'auth0|zoe' zoe@example.com Zoë Washburne
//
// Started again, it goes on after the last user it has shown; started twice, the two share the users.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/nats-io/nats.go"

	messages "client.devpie.io/troupe/messages"
	"client.devpie.io/troupe/messages/identity"
	"client.devpie.io/troupe/messages/jetstream"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Getenv("NATS_URL"), os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, url string, arguments []string) error {
	connection, err := nats.Connect(url)
	if err != nil {
		return err
	}
	defer connection.Close()
	if len(arguments) == 4 {
		if err := add(ctx, connection, arguments); err != nil {
			return err
		}
	}
	options := jetstream.ListenOptions{
		Stream:    "identity",
		Queue:     "users-example-go",
		OnProblem: func(problem jetstream.Problem) { log.Printf("%+v", problem) },
	}
	return jetstream.Listen(ctx, connection, options, jetstream.Handlers{"UserAdded": show})
}

func add(ctx context.Context, connection *nats.Conn, person []string) error {
	user := identity.AddUser{Auth0ID: person[0], Email: person[1], EmailVerified: true, FirstName: person[2], LastName: person[3]}
	command, err := messages.NewCommand("AddUser", user, messages.Origin{})
	if err != nil {
		return err
	}
	stream, err := messages.EntityCommandStream("identity", messages.DeriveID("identity", user.Auth0ID))
	if err != nil {
		return err
	}
	publisher, err := jetstream.NewPublisher(connection)
	if err != nil {
		return err
	}
	_, err = publisher.SendCommand(ctx, stream, command, "")
	return err
}

func show(_ context.Context, message jetstream.Received) error {
	user, err := identity.UnmarshalUserAdded(message.Data)
	if err != nil {
		return err
	}
	fmt.Printf("%d %s %s %s\n", message.Position, message.Stream, user.FirstName, user.LastName)
	return nil
}
