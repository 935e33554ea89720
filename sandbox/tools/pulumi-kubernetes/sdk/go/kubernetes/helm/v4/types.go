// Package v4 stands in place of the SDK's package of that name, with the two types that the plugin reads a Chart by.
package v4

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// RepositoryOptsInput is the input of RepositoryOpts.
type RepositoryOptsInput interface{ pulumi.Input }

// RepositoryOpts says where a chart is.
type RepositoryOpts struct {
	CaFile   pulumi.AssetOrArchive `pulumi:"caFile"`
	CertFile pulumi.AssetOrArchive `pulumi:"certFile"`
	KeyFile  pulumi.AssetOrArchive `pulumi:"keyFile"`
	Password *string               `pulumi:"password"`
	Repo     *string               `pulumi:"repo"`
	Username *string               `pulumi:"username"`
}

// PostRendererInput is the input of PostRenderer.
type PostRendererInput interface{ pulumi.Input }

// PostRenderer is a command that changes what a chart renders.
type PostRenderer struct {
	Args    []string `pulumi:"args"`
	Command string   `pulumi:"command"`
}
