// Package kms has what Pulumi's engine asks of AWS' client for its key service, in place of that client: the secrets
// provider awskms:// needs it. A sandbox encrypts with a passphrase: here every call refuses to work.
package kms

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
)

var errNoClient = errors.New("this pulumi was built for a sandbox and has no client for AWS KMS")

// Options of a call.
type Options struct{}

// Client refuses to work.
type Client struct{}

// NewFromConfig makes one.
func NewFromConfig(aws.Config, ...func(*Options)) *Client { return &Client{} }

// DecryptInput is what is to be decrypted.
type DecryptInput struct {
	CiphertextBlob    []byte
	EncryptionContext map[string]string
}

// DecryptOutput is never made.
type DecryptOutput struct{ Plaintext []byte }

// EncryptInput is what is to be encrypted.
type EncryptInput struct {
	KeyId             *string
	Plaintext         []byte
	EncryptionContext map[string]string
}

// EncryptOutput is never made.
type EncryptOutput struct{ CiphertextBlob []byte }

// Decrypt always fails.
func (*Client) Decrypt(context.Context, *DecryptInput, ...func(*Options)) (*DecryptOutput, error) {
	return nil, errNoClient
}

// Encrypt always fails.
func (*Client) Encrypt(context.Context, *EncryptInput, ...func(*Options)) (*EncryptOutput, error) {
	return nil, errNoClient
}
