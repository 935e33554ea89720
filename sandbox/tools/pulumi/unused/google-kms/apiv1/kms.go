// Package kms has what Pulumi's engine asks of Google's client for its key service, in place of that client: the secrets
// provider gcpkms:// needs it. A sandbox encrypts with a passphrase: here there is no client, and whoever asks for one is
// told so.
package kms

import (
	"context"
	"errors"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/api/option"
)

var errNoClient = errors.New("this pulumi was built for a sandbox and has no client for Google Cloud KMS")

// KeyManagementClient is never made.
type KeyManagementClient struct{}

// NewKeyManagementClient always fails.
func NewKeyManagementClient(context.Context, ...option.ClientOption) (*KeyManagementClient, error) {
	return nil, errNoClient
}

// Close closes nothing.
func (*KeyManagementClient) Close() error { return nil }

// Decrypt always fails.
func (*KeyManagementClient) Decrypt(context.Context, *kmspb.DecryptRequest) (*kmspb.DecryptResponse, error) {
	return nil, errNoClient
}

// Encrypt always fails.
func (*KeyManagementClient) Encrypt(context.Context, *kmspb.EncryptRequest) (*kmspb.EncryptResponse, error) {
	return nil, errNoClient
}
