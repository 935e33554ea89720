// Package etcd is a small client for etcd's v3 JSON gateway. Standard library only, so that a process that uses it
// is up in milliseconds.
package etcd

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// RequestTimeout bounds every request but a watch.
const RequestTimeout = 10 * time.Second

const pageSize = 1000

// KV is a key with its value; Lease is 0 for a key that stays.
type KV struct {
	Key   []byte `json:"key"`
	Value []byte `json:"value"`
	Lease int64  `json:"lease,string"`
}

// Client talks to the first endpoint that answers.
type Client struct {
	endpoints []string
	http      *http.Client
}

// New makes a client for `host:port` endpoints. As with etcd's own client a scheme goes over secure: http:// is plain text, and
// https:// without it trusts the machine's authorities. SANDBOX_HOSTS stands in for DNS: "name:port=127.0.0.1:port,…".
func New(endpoints []string, secure *tls.Config) *Client {
	hosts := map[string]string{}
	for _, pair := range strings.Split(os.Getenv("SANDBOX_HOSTS"), ",") {
		if name, address, found := strings.Cut(pair, "="); found {
			hosts[name] = address
		}
	}
	dialer := net.Dialer{Timeout: 5 * time.Second}
	transport := &http.Transport{TLSClientConfig: secure, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if mapped, known := hosts[address]; known {
			address = mapped
		}
		return dialer.DialContext(ctx, network, address)
	}}
	scheme := "http://"
	if secure != nil {
		scheme = "https://"
	}
	urls := make([]string, len(endpoints))
	for i, endpoint := range endpoints {
		urls[i] = endpoint
		if !strings.Contains(endpoint, "://") {
			urls[i] = scheme + endpoint
		}
	}
	return &Client{endpoints: urls, http: &http.Client{Transport: transport}}
}

// Secure is true where endpoints are asked by TLS.
func (c *Client) Secure() bool {
	return len(c.endpoints) > 0 && strings.HasPrefix(c.endpoints[0], "https://")
}

type object = map[string]any

func (c *Client) open(ctx context.Context, path string, request object) (io.ReadCloser, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	failure := errors.New("etcdclient: no available endpoints")
	for _, endpoint := range c.endpoints {
		post, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint+path, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		response, err := c.http.Do(post)
		if err != nil {
			failure = err
			continue
		}
		if response.StatusCode == http.StatusOK {
			return response.Body, nil
		}
		message, _ := io.ReadAll(io.LimitReader(response.Body, 4096))
		response.Body.Close()
		return nil, fmt.Errorf("etcd %s: %s: %s", path, response.Status, bytes.TrimSpace(message))
	}
	return nil, failure
}

func (c *Client) call(ctx context.Context, path string, request object, into any) error {
	ctx, cancel := context.WithTimeout(ctx, RequestTimeout)
	defer cancel()
	body, err := c.open(ctx, path, request)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := json.NewDecoder(body).Decode(into); err != nil {
		return err
	}
	// What is read to its end leaves the connection for the next request.
	_, err = io.Copy(io.Discard, body)
	return err
}

// prefixEnd is the first key after all keys with this prefix.
func prefixEnd(prefix string) []byte {
	end := []byte(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] < 0xff {
			end[i]++
			return end[:i+1]
		}
	}
	return []byte{0}
}

type rangeResponse struct {
	Header struct {
		Revision int64 `json:"revision,string"`
	} `json:"header"`
	KVs   []KV  `json:"kvs"`
	More  bool  `json:"more"`
	Count int64 `json:"count,string"`
}

// Get returns the key's value; found is false when there is none.
func (c *Client) Get(ctx context.Context, key string) (kv KV, found bool, err error) {
	var response rangeResponse
	if err := c.call(ctx, "/v3/kv/range", object{"key": []byte(key)}, &response); err != nil {
		return KV{}, false, err
	}
	if len(response.KVs) == 0 {
		return KV{}, false, nil
	}
	return response.KVs[0], true, nil
}

// List returns all keys with the prefix in key order, as of one revision, and that revision.
func (c *Client) List(ctx context.Context, prefix string) ([]KV, int64, error) {
	var all []KV
	revision := int64(0)
	start, end := []byte(prefix), prefixEnd(prefix)
	for {
		var page rangeResponse
		request := object{"key": start, "range_end": end, "limit": pageSize, "revision": revision}
		if err := c.call(ctx, "/v3/kv/range", request, &page); err != nil {
			return nil, 0, err
		}
		if revision == 0 {
			revision = page.Header.Revision
		}
		all = append(all, page.KVs...)
		if !page.More || len(page.KVs) == 0 {
			return all, revision, nil
		}
		start = append(page.KVs[len(page.KVs)-1].Key, 0)
	}
}

// Count returns how many keys have the prefix, and the revision of which that is true.
func (c *Client) Count(ctx context.Context, prefix string) (int64, int64, error) {
	var response rangeResponse
	request := object{"key": []byte(prefix), "range_end": prefixEnd(prefix), "count_only": true}
	err := c.call(ctx, "/v3/kv/range", request, &response)
	return response.Count, response.Header.Revision, err
}

// From returns so many keys from this one on, whatever their prefix, as of a revision.
func (c *Client) From(ctx context.Context, from []byte, limit, revision int64) ([]KV, error) {
	var response rangeResponse
	request := object{"key": from, "range_end": []byte{0}, "limit": limit, "revision": revision}
	err := c.call(ctx, "/v3/kv/range", request, &response)
	return response.KVs, err
}

// Put stores a key without a lease.
func (c *Client) Put(ctx context.Context, key, value string) error {
	return c.call(ctx, "/v3/kv/put", object{"key": []byte(key), "value": []byte(value)}, &struct{}{})
}

// DeletePrefix removes all keys with the prefix.
func (c *Client) DeletePrefix(ctx context.Context, prefix string) error {
	request := object{"key": []byte(prefix), "range_end": prefixEnd(prefix)}
	return c.call(ctx, "/v3/kv/deleterange", request, &struct{}{})
}

func (c *Client) txn(ctx context.Context, compare, put object) (bool, error) {
	var response struct {
		Succeeded bool `json:"succeeded"`
	}
	request := object{"compare": []object{compare}, "success": []object{{"request_put": put}}}
	err := c.call(ctx, "/v3/kv/txn", request, &response)
	return response.Succeeded, err
}

// Create stores a key under a lease (0: none) unless the key exists.
func (c *Client) Create(ctx context.Context, key, value string, lease int64) (bool, error) {
	compare := object{"key": []byte(key), "target": "VERSION", "result": "EQUAL", "version": 0}
	return c.txn(ctx, compare, object{"key": []byte(key), "value": []byte(value), "lease": lease})
}

// Swap replaces the value if it is still the old one.
func (c *Client) Swap(ctx context.Context, key, old, value string) (bool, error) {
	compare := object{"key": []byte(key), "target": "VALUE", "result": "EQUAL", "value": []byte(old)}
	return c.txn(ctx, compare, object{"key": []byte(key), "value": []byte(value)})
}

// Grant makes a lease of that many seconds.
func (c *Client) Grant(ctx context.Context, seconds int64) (int64, error) {
	var response struct {
		ID int64 `json:"ID,string"`
	}
	err := c.call(ctx, "/v3/lease/grant", object{"TTL": seconds}, &response)
	return response.ID, err
}

// KeepAlive renews the lease once.
func (c *Client) KeepAlive(ctx context.Context, lease int64) error {
	return c.call(ctx, "/v3/lease/keepalive", object{"ID": lease}, &struct{}{})
}

// Revoke ends the lease and removes its keys.
func (c *Client) Revoke(ctx context.Context, lease int64) error {
	return c.call(ctx, "/v3/lease/revoke", object{"ID": lease}, &struct{}{})
}

// Event is a change of one key.
type Event struct {
	Deleted bool
	Key     string
}

// Watch calls onEvent for every change under the prefix after the revision, until the context ends or the
// connection breaks.
func (c *Client) Watch(ctx context.Context, prefix string, revision int64, onEvent func(Event)) error {
	create := object{"key": []byte(prefix), "range_end": prefixEnd(prefix), "start_revision": revision + 1}
	body, err := c.open(ctx, "/v3/watch", object{"create_request": create})
	if err != nil {
		return err
	}
	defer body.Close()
	decoder := json.NewDecoder(bufio.NewReader(body))
	for {
		var message struct {
			Result struct {
				Events []struct {
					Type string `json:"type"`
					KV   KV     `json:"kv"`
				} `json:"events"`
			} `json:"result"`
		}
		if err := decoder.Decode(&message); err != nil {
			return err
		}
		for _, event := range message.Result.Events {
			onEvent(Event{Deleted: event.Type == "DELETE", Key: string(event.KV.Key)})
		}
	}
}
