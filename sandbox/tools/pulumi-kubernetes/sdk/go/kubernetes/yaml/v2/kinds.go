// Package v2 stands in place of the SDK's package of that name.
package v2

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RegisterResource refuses: a plugin that a sandbox has built serves resources, not these components.
func RegisterResource(_ *pulumi.Context, apiVersion, kind, _ string, _ pulumi.Input, _ ...pulumi.ResourceOption) (pulumi.CustomResource, error) {
	return nil, errors.New("this kubernetes plugin was built for a sandbox, without the components ConfigFile, ConfigGroup, Directory and Chart: it cannot make " + apiVersion + " " + kind)
}
