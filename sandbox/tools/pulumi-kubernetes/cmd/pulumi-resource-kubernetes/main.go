// The official kubernetes plugin, built from its own Go module for machines where its release cannot be downloaded.
// Its command embeds a schema that is made before a release is built; a program needs no more of it than the name.
package main

import (
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

func main() {
	provider.Serve("kubernetes", version.Version, []byte(`{"name":"kubernetes"}`), []byte(`{}`))
}
