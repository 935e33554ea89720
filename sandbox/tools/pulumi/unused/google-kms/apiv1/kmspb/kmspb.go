// Package kmspb has the messages of Google's key service that the engine names. None is ever sent.
package kmspb

// DecryptRequest asks for a plaintext.
type DecryptRequest struct {
	Name                                    string
	Ciphertext, AdditionalAuthenticatedData []byte
}

// DecryptResponse has it.
type DecryptResponse struct{ Plaintext []byte }

// GetPlaintext of an answer.
func (r *DecryptResponse) GetPlaintext() []byte { return r.Plaintext }

// EncryptRequest asks for a ciphertext.
type EncryptRequest struct {
	Name                                   string
	Plaintext, AdditionalAuthenticatedData []byte
}

// EncryptResponse has it.
type EncryptResponse struct{ Ciphertext []byte }

// GetCiphertext of an answer.
func (r *EncryptResponse) GetCiphertext() []byte { return r.Ciphertext }
