// Runs a Tiltfile with stand-ins for Tilt's functions and prints their calls, one JSON object a line:
// {"function":"docker_build","arguments":["troupe",".."],"named":{"dockerfile":"Dockerfile"}}.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"go.starlark.net/starlark"
)

type call struct {
	Function  string                 `json:"function"`
	Arguments []interface{}          `json:"arguments"`
	Named     map[string]interface{} `json:"named"`
}

// plain turns what a Tiltfile passes into what JSON can say.
func plain(value starlark.Value) interface{} {
	switch value := value.(type) {
	case starlark.String:
		return string(value)
	case starlark.Int:
		number, _ := value.Int64()
		return number
	case *starlark.List:
		items := []interface{}{}
		for i := 0; i < value.Len(); i++ {
			items = append(items, plain(value.Index(i)))
		}
		return items
	}
	return value.String()
}

// standIn records its calls; its value says what was asked for.
func standIn(name string) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		made := call{name, []interface{}{}, map[string]interface{}{}}
		for _, one := range args {
			made.Arguments = append(made.Arguments, plain(one))
		}
		for _, pair := range kwargs {
			made.Named[string(pair[0].(starlark.String))] = plain(pair[1])
		}
		line, err := json.Marshal(made)
		if err == nil {
			fmt.Println(string(line))
		}
		return starlark.String(line), err
	})
}

func main() {
	known := starlark.StringDict{}
	for _, name := range []string{"docker_build", "k8s_yaml", "k8s_resource", "kustomize", "port_forward"} {
		known[name] = standIn(name)
	}
	if _, err := starlark.ExecFile(&starlark.Thread{Name: "Tiltfile"}, os.Args[1], nil, known); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
